// SPDX-License-Identifier: Apache-2.0
/** A {@link dev.vchan.BulkCopy} and a {@link dev.vchan.spi.MemoryBarrier} by native code. */
@NullMarked
package dev.vchan.libc;

import org.jspecify.annotations.NullMarked;
