// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Parking;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How long a call sleeps before it looks by itself. Immutable.
 *
 * <p>The clock is divided into tenths of a period, and a sleep counts from the beginning of the one
 * in which it begins. So those that begin within one tenth end together, on all channels of a
 * process, and the next time again: to wake an idle processor for each of a thousand sleepers costs
 * far more than to wake it once for all of them.
 */
final class LookPeriod {

  private static final int PARTS = 10;

  private final long nanos;

  /** A period of at least {@link VchanOptions#MIN_LOOK_PERIOD}, perhaps more than the clock has. */
  LookPeriod(Duration period) {
    this.nanos = TimeUnit.NANOSECONDS.convert(period);
  }

  /**
   * How long a sleep that begins now may last, in nanoseconds: more than nine tenths of a period,
   * at most a whole one.
   */
  long left() {
    return left(Parking.nanoTime());
  }

  /** The same for one that begins at {@code now}, which may be negative. */
  long left(long now) {
    return nanos - Math.floorMod(now, nanos / PARTS);
  }
}
