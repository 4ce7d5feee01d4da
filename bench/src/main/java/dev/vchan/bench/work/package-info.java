// SPDX-License-Identifier: Apache-2.0
/** What runs in the processes that are measured: the contestants, and the work they are given. */
@NullMarked
package dev.vchan.bench.work;

import org.jspecify.annotations.NullMarked;
