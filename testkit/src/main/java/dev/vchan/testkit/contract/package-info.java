// SPDX-License-Identifier: Apache-2.0

/// What every channel must do, whatever backend it lives in: a backend's tests extend these.
@NullMarked
package dev.vchan.testkit.contract;

import org.jspecify.annotations.NullMarked;
