// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import java.util.concurrent.locks.LockSupport;

/**
 * Time and waiting, as the endpoint and the backends use them: the only place that reads the clock,
 * yields, parks and unparks. A test that wants to decide who runs when rewrites this class and
 * nothing else.
 */
public final class Parking {

  private Parking() {}

  /**
   * The clock of every deadline.
   *
   * @return {@link System#nanoTime}
   */
  public static long nanoTime() {
    return System.nanoTime();
  }

  /** Tells the processor that the caller spins. */
  public static void spinWait() {
    Thread.onSpinWait();
  }

  /** Lets another thread have the processor. */
  @SuppressWarnings("ThreadPriorityCheck") // Which waits yield, and for how long, is measured.
  public static void yieldProcessor() {
    Thread.yield();
  }

  /**
   * Parks the calling thread; may return at any time, at once if it is interrupted.
   *
   * @param blocker what a thread dump shows as the reason
   * @param nanos longest time in nanoseconds
   */
  public static void park(Object blocker, long nanos) {
    LockSupport.parkNanos(blocker, nanos);
  }

  /**
   * Parks the calling thread until somebody ends that; may return at any time, at once if it is
   * interrupted.
   *
   * @param blocker what a thread dump shows as the reason
   */
  public static void park(Object blocker) {
    LockSupport.park(blocker);
  }

  /**
   * Parks the calling thread for the whole time, unless it is interrupted. An event that was meant
   * for a wait of before would end a single {@link #park} at once, and a peer that sends events
   * without end would make a pause of such parks no pause at all.
   *
   * @param blocker what a thread dump shows as the reason
   * @param nanos time in nanoseconds
   */
  public static void pause(Object blocker, long nanos) {
    long start = nanoTime();
    long left = nanos;
    while (left > 0 && !Thread.currentThread().isInterrupted()) {
      park(blocker, left);
      left = nanos - (nanoTime() - start);
    }
  }

  /**
   * Ends the parking of a thread, or its next one.
   *
   * @param thread the thread
   */
  public static void unpark(Thread thread) {
    LockSupport.unpark(thread);
  }
}
