// SPDX-License-Identifier: Apache-2.0

/// Both ends of a channel in the hands of one test, wherever they live.
@NullMarked
package dev.vchan.testkit.ends;

import org.jspecify.annotations.NullMarked;
