// SPDX-License-Identifier: Apache-2.0

/// A transport whose two domains are in one process.
@NullMarked
package dev.vchan.inprocess;

import org.jspecify.annotations.NullMarked;
