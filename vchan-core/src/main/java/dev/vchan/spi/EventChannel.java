// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import java.io.Closeable;
import java.io.IOException;

/**
 * Own end of an event channel. An event carries no data; events coalesce, may be spurious, and one
 * event serves both directions and the close of a vchan. It is only ever a hint to look again.
 *
 * <p>Events are counted and broadcast: whoever wants to wait first samples {@link #received}, then
 * looks at whatever it waits for, then calls {@link #await} with the sample. So an event between
 * the look and the wait is not lost, and no waiter can take an event away from another.
 *
 * <p>All methods may be called from any thread at any time, also after {@code close}.
 */
public interface EventChannel extends Closeable {

  /**
   * Own number of this end.
   *
   * @return own port
   */
  EventPort port();

  /**
   * Sends one event to the peer. Never blocks. Dropped without an error if nobody is bound at the
   * other end, or this end is closed: as on Xen.
   *
   * @throws IOException if the system fails
   */
  void send() throws IOException;

  /**
   * How many events have arrived, {@link #wake} included. One that comes while nobody waits may be
   * counted only when somebody does.
   *
   * @return a counter that only grows
   */
  long received();

  /**
   * Waits for an event newer than those the caller has seen. Returns early, without harm, when the
   * calling thread is interrupted (its interrupt status stays set) or this end is closed.
   *
   * <p>A virtual thread that waits here does not hold its carrier.
   *
   * @param seen what {@link #received} returned before the caller looked
   * @param timeoutNanos longest wait in nanoseconds; not positive means not at all
   * @return whether {@code received() != seen} now
   */
  boolean await(long seen, long timeoutNanos);

  /** Makes every waiter on this end return, as an event does. The peer sees nothing. */
  void wake();

  /**
   * What is known about the other end. May cost a system call; meant for those who sleep.
   *
   * @return the other end's condition
   */
  Peer peer();

  /**
   * Closes this end: the peer's end is unbound again, without an event. Wakes own waiters.
   * Idempotent.
   *
   * @throws IOException if the system fails; the end is closed all the same
   */
  @Override
  void close() throws IOException;

  /** Condition of the other end. */
  enum Peer {
    /** Somebody is bound to it. */
    BOUND,
    /** Its domain is there; whether anybody is bound to it cannot be asked. */
    UNKNOWN,
    /** Nobody is bound to it: not yet, or no longer because it was closed in good order. */
    UNBOUND,
    /**
     * Its process or domain died. Set before the unmap notification clears the peer's live byte, so
     * that whoever sees the byte also sees why.
     */
    DIED
  }
}
