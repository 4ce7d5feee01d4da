// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Parking;
import java.time.Duration;

/**
 * The moment at which a call gives up. Immutable; one deadline can serve a sequence of calls, which
 * then share the time.
 */
public final class Deadline {

  /** Waits as long as it takes. */
  public static final Deadline NEVER = new Deadline(0);

  /** Does not wait at all: what can be done now is done, and the call returns. */
  static final Deadline POLL = new Deadline(0);

  private final long nanoTime;

  private Deadline(long nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * A deadline counted from now.
   *
   * @param timeout how long from now; zero or negative has expired already, and a call given it
   *     looks once before it gives up; 100 years or more means {@link #NEVER}
   * @return the deadline
   */
  public static Deadline after(Duration timeout) {
    if (timeout.compareTo(Duration.ofDays(36_500)) >= 0) {
      return NEVER;
    }
    long nanos = timeout.isNegative() ? 0 : timeout.toNanos();
    return new Deadline(Parking.nanoTime() + nanos);
  }

  /**
   * Time left.
   *
   * @return nanoseconds, 0 if the deadline has expired, {@link Long#MAX_VALUE} for {@link #NEVER}
   */
  public long remainingNanos() {
    if (this == NEVER) {
      return Long.MAX_VALUE;
    }
    return this == POLL ? 0 : Math.max(0, nanoTime - Parking.nanoTime());
  }
}
