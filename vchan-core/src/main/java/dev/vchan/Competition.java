// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Parking;

/**
 * Whether others want the processors, as one yield tells the whole process: where they do, it lasts
 * a time slice of theirs, as long as hundreds of sleeps. It is a matter of the machine, not of one
 * channel, so what one learns spares all others the same.
 */
final class Competition {

  /** No yield takes this long unless somebody else had the processor for a time slice. */
  private static final long SLOW_NANOS = 200_000;

  /**
   * After a slow yield nobody yields for a time that many times as long: twice, and twice as many
   * for each slow one that follows, so that what they cost in all is bounded. One alone says
   * nothing: also on a quiet machine something runs now and then.
   */
  private static final int MOST_DOUBLINGS = 5;

  /** So many quick yields in between make up for one that was slow. */
  private static final int QUICK_A_SLOW = 16;

  /** When yields are allowed again, by {@link Parking#nanoTime}. */
  private static volatile long end = Parking.nanoTime();

  // Not exact where several threads count at once, and need not be.
  private static int doublings;
  private static int quick;

  private Competition() {}

  /** Whether a yield may be tried at this time. */
  static boolean allowsYield(long now) {
    return now - end >= 0;
  }

  /** Tells what a yield has taken, and whether that was slow. */
  static boolean isSlow(long before, long after) {
    long taken = after - before;
    if (taken <= SLOW_NANOS) {
      if (doublings > 0 && ++quick >= QUICK_A_SLOW) {
        quick = 0;
        doublings--;
      }
      return false;
    }
    doublings = Math.min(doublings + 1, MOST_DOUBLINGS);
    quick = 0;
    end = after + (taken << doublings);
    return true;
  }
}
