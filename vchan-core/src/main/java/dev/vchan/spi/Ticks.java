// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Ends the long waits of virtual threads. The JDK keeps a timer for each park of theirs that has a
 * time, on a thread that has to be woken for it, which is a quarter of what it costs to sleep and
 * to be woken. Nearly all sleeps are ended by an event, and could last for seconds. So who may
 * sleep for long parks without a time, and all of these are looked at once in a tick.
 *
 * <p>One thread does that for the whole JVM, and ends when nobody sleeps for long any more. It is a
 * platform thread: a virtual one would need a carrier, and where all of them are held by waits that
 * only it can end, it would not get one.
 */
final class Ticks {

  /** Looks begin at multiples of this, and so do, by default, the ends of look periods. */
  static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** The least that a long wait lasts: a tick that misses its beginning is not its last. */
  static final long LONG_NANOS = 2 * TICK_NANOS;

  /** The first of the counters that are looked at, which are linked. */
  private static final AtomicReference<@Nullable EventCounter> FIRST = new AtomicReference<>();

  private static final AtomicBoolean RUNNING = new AtomicBoolean();

  private Ticks() {}

  /** Looks at a counter from now on, if it runs. For whoever has made it a watched one. */
  static void add(EventCounter counter) {
    EventCounter first;
    do {
      first = FIRST.get();
      counter.nextWatched = first;
    } while (!FIRST.compareAndSet(first, counter));
  }

  static boolean isRunning() {
    return RUNNING.get();
  }

  /**
   * Starts the thread if need be, which may park the caller for a moment.
   *
   * @return whether it runs, or is about to be started by another caller
   */
  static boolean start() {
    if (!RUNNING.compareAndSet(false, true)) {
      return true;
    }
    long first = boundaryAfter(Parking.nanoTime());
    boolean started = false;
    try {
      Thread.ofPlatform()
          .daemon()
          .name("vchan-ticks")
          .inheritInheritableThreadLocals(false)
          .start(() -> run(first));
      started = true;
    } catch (OutOfMemoryError e) {
      // No more threads, says the system, and the caller sleeps in another way.
      return false;
    } finally {
      if (!started) {
        RUNNING.set(false);
      }
    }
    return true;
  }

  private static void run(long first) {
    long next = first;
    try {
      do {
        while (FIRST.get() != null) {
          Parking.pause(FIRST, next - Parking.nanoTime());
          next = look();
        }
        RUNNING.set(false);
        // Whoever has added a counter since that look found this thread running, or starts another.
      } while (FIRST.get() != null && RUNNING.compareAndSet(false, true));
    } catch (RuntimeException | Error e) {
      // The next long sleep starts another thread.
      RUNNING.set(false);
      throw e;
    }
  }

  private static long boundaryAfter(long now) {
    return now - Math.floorMod(now, TICK_NANOS) + TICK_NANOS;
  }

  /**
   * Ends each wait that will be over before the next look; the waiter sees to the rest of it.
   *
   * @return when the next look is due: that very time, lest a wait ends between two looks' times
   */
  private static long look() {
    long next = boundaryAfter(Parking.nanoTime());
    EventCounter counter = FIRST.getAndSet(null);
    while (counter != null) {
      EventCounter following = counter.nextWatched;
      // A counter that lives on must not keep those that came after it.
      counter.nextWatched = null;
      if (counter.endWaits(next)) {
        add(counter);
      }
      counter = following;
    }
    return next;
  }
}
