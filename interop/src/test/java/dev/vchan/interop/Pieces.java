// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.testkit.Patterns;

/**
 * An endless sequence of sizes, 1 to a largest, that depends on its seed alone: the peer works out
 * the same. Not for concurrent use.
 */
final class Pieces {

  private final long seed;
  private final int largest;
  private long count;

  Pieces(long seed, int largest) {
    this.seed = seed;
    this.largest = largest;
  }

  /** The next size, or what is left of the stream if that is less. */
  int next(long most) {
    long size = 1 + Long.remainderUnsigned(Patterns.mixed(seed, count), largest);
    count++;
    return (int) Math.min(size, most);
  }
}
