// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;

/** Gives mapped pages back. For backends. */
public final class Unmapping {

  /** A copy holds the pages for microseconds, or until its thread has a processor again. */
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  private Unmapping() {}

  /**
   * Closes a shared arena. While another thread copies into its memory by native code, or does
   * input or output with it, that is refused; the former is waited for, the latter can last. Does
   * nothing if the arena is closed already.
   *
   * @param arena what has the pages
   * @throws IOException if the memory is still in use after 100 ms; it stays mapped until the
   *     process ends
   */
  public static void close(Arena arena) throws IOException {
    long start = Parking.nanoTime();
    while (arena.scope().isAlive()) {
      try {
        arena.close();
      } catch (IllegalStateException e) {
        if (arena.scope().isAlive() && Parking.nanoTime() - start > PATIENCE_NANOS) {
          throw new IOException(
              "the pages are in use by an input or output operation of another thread, and stay"
                  + " mapped until the process ends",
              e);
        }
        // At once in a thread that was interrupted, which then only tries more often.
        Parking.park(arena, PAUSE_NANOS);
      }
    }
  }
}
