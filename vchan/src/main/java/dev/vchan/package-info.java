// SPDX-License-Identifier: Apache-2.0

/// Channels: a byte stream between two domains over shared memory.
@NullMarked
package dev.vchan;

import org.jspecify.annotations.NullMarked;
