// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Ends the long waits of virtual threads. The JDK keeps a timer for each park that has a time, on a
 * thread that has to be woken for it, and again to forget it: a third of what it costs to sleep and
 * to be woken. Nearly all sleeps are ended by an event, and could last for seconds. So who may
 * sleep for long parks without a time, and all of these are looked at once in a tick.
 *
 * <p>One virtual thread does that for the whole JVM, and ends when nobody sleeps for long any more.
 */
final class Ticks {

  /** Looks begin at multiples of this, where the look periods of channels end as well. */
  static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** The least that a long wait lasts: a tick that misses its beginning is not its last. */
  static final long LONG_NANOS = 2 * TICK_NANOS;

  /** The first of the counters that are looked at, which are linked. */
  private static final AtomicReference<@Nullable EventCounter> FIRST = new AtomicReference<>();

  private static final AtomicBoolean RUNNING = new AtomicBoolean();

  private Ticks() {}

  /** Looks at a counter from now on. The caller has made it a watched one. */
  static void watch(EventCounter counter) {
    add(counter);
    if (!RUNNING.get() && RUNNING.compareAndSet(false, true)) {
      start();
    }
  }

  private static void start() {
    boolean started = false;
    try {
      Thread.ofVirtual().name("vchan-ticks").start(Ticks::run);
      started = true;
    } finally {
      if (!started) {
        RUNNING.set(false);
      }
    }
  }

  private static void add(EventCounter counter) {
    EventCounter first;
    do {
      first = FIRST.get();
      counter.nextWatched = first;
    } while (!FIRST.compareAndSet(first, counter));
  }

  private static void run() {
    try {
      while (FIRST.get() != null) {
        Parking.pause(FIRST, TICK_NANOS - Math.floorMod(Parking.nanoTime(), TICK_NANOS));
        look();
      }
    } finally {
      RUNNING.set(false);
      // Whoever added a counter after the last look at them found this thread running.
      if (FIRST.get() != null && RUNNING.compareAndSet(false, true)) {
        start();
      }
    }
  }

  /** Ends each wait that will be over before the next look; the waiter sees to the rest of it. */
  private static void look() {
    long now = Parking.nanoTime();
    long next = now - Math.floorMod(now, TICK_NANOS) + TICK_NANOS;
    EventCounter counter = FIRST.getAndSet(null);
    while (counter != null) {
      EventCounter following = counter.nextWatched;
      if (mustStay(counter, next)) {
        add(counter);
      }
      counter = following;
    }
  }

  private static boolean mustStay(EventCounter counter, long next) {
    try {
      return counter.endWaits(next);
    } catch (RuntimeException | Error e) {
      // A virtual thread that cannot be started for want of memory. The next look tries again.
      return true;
    }
  }
}
