// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Parking;

/**
 * Whether others want the processors, as one yield tells the whole process: where they do, it lasts
 * a time slice of theirs, as long as hundreds of sleeps. It is a matter of the machine, not of one
 * channel, so what one learns spares all others the same. May be used from any thread.
 */
final class Competition {

  /** What all channels of this process have learnt. */
  static final Competition OF_PROCESS = new Competition(Parking.nanoTime());

  /** No yield takes this long unless somebody else had the processor for a time slice. */
  static final long SLOW_NANOS = 200_000;

  /** Nor longer than this, unless the process was stopped, which says nothing about others. */
  static final long LONGEST_NANOS = 10_000_000;

  /**
   * After a slow yield nobody yields for a time that many times as long: twice, and twice as many
   * for each slow one that follows. One alone says nothing: also on a quiet machine something runs
   * now and then.
   */
  static final int MOST_DOUBLINGS = 5;

  /** After so many slow yields that nothing has made up for, somebody is there to stay. */
  static final int LASTING_DOUBLINGS = 2;

  /** So many quick yields in between make up for one that was slow. */
  static final int QUICK_A_SLOW = 16;

  /** When yields are allowed again. */
  private volatile long end;

  /** Changed by this object's holder; who only looks may see it late, which does no harm. */
  private int doublings;

  /** Not exact where several threads count at once, and need not be. */
  private int quick;

  /** With the time now, as all times here by {@link Parking#nanoTime}. */
  Competition(long now) {
    end = now;
  }

  /** Whether a yield may be tried at this time. */
  boolean allowsYield(long now) {
    return now - end >= 0;
  }

  /** Whether others have wanted the processors for a while, which they will for a while more. */
  boolean lasts() {
    return doublings >= LASTING_DOUBLINGS;
  }

  /** Tells from when to when a yield has taken, and returns whether that was slow. */
  boolean isSlow(long before, long after) {
    if (after - before > SLOW_NANOS) {
      wereSlow(after, Math.min(after - before, LONGEST_NANOS));
      return true;
    }
    if (doublings > 0 && ++quick >= QUICK_A_SLOW) {
      wereQuick();
    }
    return false;
  }

  private synchronized void wereSlow(long now, long taken) {
    doublings = Math.min(doublings + 1, MOST_DOUBLINGS);
    quick = 0;
    long later = now + (taken << doublings);
    if (later - end > 0) {
      end = later;
    }
  }

  private synchronized void wereQuick() {
    doublings = Math.max(doublings - 1, 0);
    quick = 0;
  }
}
