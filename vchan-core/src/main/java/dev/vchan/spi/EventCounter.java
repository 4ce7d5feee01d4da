// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A counter of events that threads wait on: what every backend builds {@link EventChannel} and
 * {@link Rendezvous.Watch} from. Signals are broadcast and cannot fill up, get lost or be stolen.
 *
 * <p>May be used from any thread. {@link #signal} never blocks. Neither method allocates in steady
 * state: the list of waiting places only ever grows, to the largest number of threads that waited
 * at once.
 */
public final class EventCounter {

  private static final VarHandle COUNT;
  private static final VarHandle PLACES;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      COUNT = lookup.findVarHandle(EventCounter.class, "count", long.class);
      PLACES = lookup.findVarHandle(EventCounter.class, "places", Place.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long count;
  private volatile @Nullable Place places;

  /** Makes a counter at zero. */
  public EventCounter() {}

  /**
   * How often {@link #signal} was called.
   *
   * @return a counter that only grows
   */
  public long count() {
    return count;
  }

  /** Counts one event and wakes every waiter. */
  public void signal() {
    COUNT.getAndAdd(this, 1L);
    // The waiter stores its place and then reads the count; this side adds to the count and then
    // reads the places. Both are volatile, so one of the two sees the other: a waiter this loop
    // misses reads the new count and does not park.
    for (Place place = places; place != null; place = place.next) {
      Thread waiter = place.waiter;
      if (waiter != null) {
        Parking.unpark(waiter);
      }
    }
  }

  /**
   * Waits until the count differs from {@code seen}, the time is over, or the calling thread is
   * interrupted (its interrupt status stays set).
   *
   * @param seen what {@link #count} returned earlier
   * @param timeoutNanos longest wait in nanoseconds; not positive means not at all
   * @return whether the count differs from {@code seen} now
   */
  public boolean await(long seen, long timeoutNanos) {
    if (count != seen || timeoutNanos <= 0) {
      return count != seen;
    }
    long start = Parking.nanoTime();
    Place place = takePlace(Thread.currentThread());
    try {
      while (count == seen && !Thread.currentThread().isInterrupted()) {
        long left = timeoutNanos - (Parking.nanoTime() - start);
        if (left <= 0) {
          break;
        }
        Parking.park(this, left);
      }
      return count != seen;
    } finally {
      place.waiter = null;
    }
  }

  private Place takePlace(Thread me) {
    for (Place place = places; place != null; place = place.next) {
      if (place.waiter == null && Place.WAITER.compareAndSet(place, null, me)) {
        return place;
      }
    }
    Place head;
    Place added;
    do {
      head = places;
      added = new Place(me, head);
    } while (!PLACES.compareAndSet(this, head, added));
    return added;
  }

  /** One thread that waits, or none for now. */
  private static final class Place {

    static final VarHandle WAITER;

    static {
      try {
        WAITER = MethodHandles.lookup().findVarHandle(Place.class, "waiter", Thread.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    final @Nullable Place next;
    volatile @Nullable Thread waiter;

    Place(Thread waiter, @Nullable Place next) {
      this.waiter = waiter;
      this.next = next;
    }
  }
}
