// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.testkit.Patterns;

/**
 * What happens in one round of the close race. Both sides work it out from the seed and the number
 * of the round; the peer's {@code rounds.c} does it alike.
 *
 * @param bytes how many the writer writes before it closes
 * @param greeted whether the writer first waits for a byte from the reader, so that it closes when
 *     the reader looks, and not while the reader is still connecting
 * @param polls whether the reader asks again and again instead of sleeping
 * @param writerDelayNanos how long the writer waits first
 * @param readerDelayNanos how long the reader waits first
 */
record CloseRound(
    int bytes, boolean greeted, boolean polls, long writerDelayNanos, long readerDelayNanos) {

  /** What the smaller of the smallest rings holds. */
  static final int RING = 1024;

  /** Paths are used in turn, so that nobody comes to a round that is over. */
  static final int PATHS = 8;

  private static final int SHORT_DELAY = 2_000;
  private static final int LONG_DELAY = 60_000;

  static CloseRound of(long seed, int number) {
    long dice = Patterns.mixed(seed, number);
    long upper = dice >>> 32;
    int bytes =
        switch ((int) dice & 3) {
          case 0 -> (int) (upper % 2);
          case 1 -> 2 + (int) (upper % 63);
          case 2 -> (int) (upper % (RING + 1));
          default -> RING;
        };
    long range = (dice >>> 4 & 7) == 0 ? LONG_DELAY : SHORT_DELAY;
    long writerDelay = (dice >>> 9) % range;
    long readerDelay = (dice >>> 7 & 3) == 0 ? LONG_DELAY : (dice >>> 17) % SHORT_DELAY;
    return new CloseRound(bytes, number % 4 != 0, (dice >>> 2 & 3) != 0, writerDelay, readerDelay);
  }

  /** Waits without giving up the processor: what matters here is less than a switch takes. */
  static void spin(long nanos) {
    long start = System.nanoTime();
    while (System.nanoTime() - start < nanos) {
      Thread.onSpinWait();
    }
  }
}
