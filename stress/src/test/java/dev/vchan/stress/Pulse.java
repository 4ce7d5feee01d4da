// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** The watchdog of a run: ends the process when nothing has been counted for ten seconds. */
final class Pulse {

  static final String HANG = "hang";

  /** Looks, and not time: a machine that stood still for a while is no hang. */
  private static final int LOOKS = 100;

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private Pulse() {}

  /**
   * Begins to watch.
   *
   * @param count differs from look to look as long as all is well
   * @param place where the run is, in words
   */
  static void watch(LongSupplier count, Supplier<String> place) {
    Thread.ofPlatform().daemon().name("pulse").start(() -> look(count, place));
  }

  private static void look(LongSupplier count, Supplier<String> place) {
    long before = count.getAsLong();
    for (int same = 0; same < LOOKS; same++) {
      LockSupport.parkNanos(PAUSE_NANOS);
      long now = count.getAsLong();
      if (now != before) {
        before = now;
        same = 0;
      }
    }
    Venue.stop(HANG + ": for ten seconds nothing but " + place.get());
  }
}
