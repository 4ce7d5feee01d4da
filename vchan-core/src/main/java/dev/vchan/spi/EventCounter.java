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
  private static final VarHandle WATCHED;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      COUNT = lookup.findVarHandle(EventCounter.class, "count", long.class);
      PLACES = lookup.findVarHandle(EventCounter.class, "places", Place.class);
      WATCHED = lookup.findVarHandle(EventCounter.class, "watched", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long count;
  private volatile @Nullable Place places;

  /** Whether {@link Ticks} looks at this counter. */
  private volatile boolean watched;

  /** Next in the list of {@link Ticks}. For whoever set {@code watched}, then for who watches. */
  @Nullable EventCounter nextWatched;

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
        sleep(place, left);
      }
      return count != seen;
    } finally {
      place.waiter = null;
    }
  }

  /** Sleeps for that time, until a signal, or for no reason. */
  private void sleep(Place place, long nanos) {
    if (nanos < Ticks.LONG_NANOS || !Thread.currentThread().isVirtual()) {
      Parking.park(this, nanos);
      return;
    }
    place.end = Parking.nanoTime() + nanos;
    place.sleepsLong = true;
    try {
      sleepLong();
    } finally {
      place.sleepsLong = false;
    }
  }

  private void sleepLong() {
    // Whoever stops watching says so and then looks for long sleeps once more; here it is the
    // other way round. Both are volatile, so one of the two sees the other.
    boolean added = !watched && WATCHED.compareAndSet(this, false, true);
    if (added) {
      Ticks.add(this);
    }
    if (!added && Ticks.isRunning()) {
      Parking.park(this);
    } else if (!Ticks.start()) {
      // Short, since starting may have parked, and have been unparked by the signal.
      Parking.park(this, Ticks.TICK_NANOS);
    }
    // Else not now, for the same reason: the caller looks at the count again.
  }

  /**
   * Wakes those whose long sleep is to end before a time. For the one who watches.
   *
   * @return whether the caller goes on to watch
   */
  boolean endWaits(long time) {
    do {
      if (someSleepLong()) {
        wakeThoseWhoEndBefore(time);
        return true;
      }
      watched = false;
    } while (someSleepLong() && WATCHED.compareAndSet(this, false, true));
    return false;
  }

  private boolean someSleepLong() {
    for (Place place = places; place != null; place = place.next) {
      if (place.sleepsLong) {
        return true;
      }
    }
    return false;
  }

  private void wakeThoseWhoEndBefore(long time) {
    for (Place place = places; place != null; place = place.next) {
      Thread waiter = place.waiter;
      if (place.sleepsLong && waiter != null && place.end - time < 0) {
        Parking.unpark(waiter);
      }
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

    /** When a long sleep ends at the latest; written before {@code sleepsLong}. */
    long end;

    volatile boolean sleepsLong;

    Place(Thread waiter, @Nullable Place next) {
      this.waiter = waiter;
      this.next = next;
    }
  }
}
