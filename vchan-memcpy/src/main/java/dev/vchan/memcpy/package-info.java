// SPDX-License-Identifier: Apache-2.0
/** A {@link dev.vchan.BulkCopy} by native code. */
@NullMarked
package dev.vchan.memcpy;

import org.jspecify.annotations.NullMarked;
