// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Parking;

/**
 * Lets a batch build up. Whoever looks as soon as the other side has moved its index finds a few
 * bytes each time, and each look and each move passes the page's line between two processors, which
 * costs both sides more than the bytes do. Where looks in quick succession find a little again and
 * again, there is a moment between them; where one finds nothing, or enough, that moment shrinks.
 */
final class Pace {

  /** The longest that bytes which are there already have to wait, on a machine that is not busy. */
  static final long MOST_NANOS = 2_000;

  static final long STEP_NANOS = 100;

  /** Looks this far apart share the cost of nothing. */
  static final long APART_NANOS = 8_000;

  /**
   * As many times longer is both where others want the processors. Whoever has one there does not
   * have the other side beside it for long, and larger batches get more done meanwhile; what a byte
   * waits is little beside a time slice.
   */
  static final int BUSY_FACTOR = 8;

  /** What makes the passing of a line cheap beside the copying. */
  private static final int ENOUGH_BYTES = 16 << 10;

  /** Who waits for most of a small ring makes the other side wait for the rest. */
  private static final int ENOUGH_OF_RING = 4;

  private final Competition competition;
  private long nanos;
  private long lastLook;

  Pace(Competition competition) {
    this.competition = competition;
  }

  /** Before the first look of a wait. */
  void rest() {
    if (nanos > 0) {
      while (nanosToRest(Parking.nanoTime()) > 0) {
        Parking.spinWait();
      }
    }
  }

  /** How long to rest, by a clock that shows {@code now}. */
  long nanosToRest(long now) {
    return Math.max(0, nanos - (now - lastLook));
  }

  /** What that look found, of a ring of {@code capacity} bytes. */
  void found(int bytes, int capacity) {
    if (bytes == 0) {
      nanos /= 2;
      return;
    }
    boolean few = bytes < Math.min(ENOUGH_BYTES, capacity / ENOUGH_OF_RING);
    if (few || nanos > 0) {
      long now = Parking.nanoTime();
      foundAt(now, few, !competition.allowsYield(now));
    }
  }

  /** A look at {@code now} found a few bytes, or enough, on a machine that is busy or not. */
  void foundAt(long now, boolean few, boolean busy) {
    int factor = busy ? BUSY_FACTOR : 1;
    if (now - lastLook > factor * APART_NANOS) {
      nanos = 0;
    } else if (few) {
      nanos = Math.min(nanos + STEP_NANOS, factor * MOST_NANOS);
    } else {
      nanos = Math.max(nanos - STEP_NANOS, 0);
    }
    lastLook = now;
  }
}
