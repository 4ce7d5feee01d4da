// SPDX-License-Identifier: Apache-2.0
/**
 * Measures our endpoint beside what else moves bytes between two processes. This package is the
 * measuring process: what is measured when, in which processes, what it cost, and how that is told.
 */
@NullMarked
package dev.vchan.bench;

import org.jspecify.annotations.NullMarked;
