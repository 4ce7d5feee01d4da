// SPDX-License-Identifier: Apache-2.0

/// The tests that every transport must pass.
@NullMarked
package dev.vchan.testkit;

import org.jspecify.annotations.NullMarked;
