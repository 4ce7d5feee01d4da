// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Parking;
import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A thread that takes a {@link Turn} without its lock, until it is dismissed. It comes and goes by
 * plain stores, with no fence between them and its look at whether it is dismissed. That is for
 * {@link #dismiss} to make up for, which is rare and may be slow.
 */
final class Favourite {

  private static final VarHandle INT = MethodHandles.arrayElementVarHandle(int[].class);

  /** In the middle of the array: the favourites of both directions are written at the same time. */
  private static final int INSIDE = 32;

  private final Thread thread;

  /** How often the thread has come without leaving; only that thread writes it. */
  private final int[] inside = new int[2 * INSIDE];

  private volatile boolean dismissed;

  /** For those who dismiss, one at a time. */
  private boolean passedBarrier;

  private volatile @Nullable Thread waiting;

  Favourite(Thread thread) {
    this.thread = thread;
  }

  /**
   * Comes in, also where it is inside already.
   *
   * @return false if {@code caller} is somebody else, or was dismissed while it was outside
   */
  boolean enter(Thread caller) {
    if (caller != thread) {
      return false;
    }
    INT.setOpaque(inside, INSIDE, inside[INSIDE] + 1);
    compilerBarrier();
    if (!dismissed || inside[INSIDE] > 1) {
      return true;
    }
    leave(caller);
    return false;
  }

  /**
   * Goes out once.
   *
   * @return false if {@code caller} is not inside by favour
   */
  boolean leave(Thread caller) {
    if (caller != thread || inside[INSIDE] == 0) {
      return false;
    }
    // Release: whoever sees nobody inside also sees what was done there.
    INT.setRelease(inside, INSIDE, inside[INSIDE] - 1);
    compilerBarrier();
    if (dismissed) {
      // Full fence: the store before the look at who waits. Now and not always, since a dismissal
      // that is not seen here waits for this store.
      VarHandle.fullFence();
      Thread waiter = waiting;
      if (waiter != null) {
        Parking.unpark(waiter);
      }
    }
    return true;
  }

  /** Whether {@code caller} is inside by favour. */
  boolean isInside(Thread caller) {
    return caller == thread && inside[INSIDE] > 0;
  }

  /** For one who waits until the thread has left, and has dismissed it: whether it has not. */
  boolean isInside() {
    return (int) INT.getVolatile(inside, INSIDE) > 0;
  }

  /**
   * From now on the thread does not come in any more, and when it leaves, the caller is unparked.
   *
   * @param waiter who asks {@link #isInside()} afterwards; one at a time
   */
  void dismiss(Thread waiter) {
    waiting = waiter;
    dismissed = true;
    if (!passedBarrier) {
      allThreadsPassABarrier();
      passedBarrier = true;
    }
  }

  /**
   * Keeps the compiler from moving the look at {@code dismissed} before the store. HotSpot's moves
   * nothing across a fence of any kind; on x86-64 this one is no instruction.
   */
  private static void compilerBarrier() {
    VarHandle.releaseFence();
  }

  /**
   * Every thread of the JVM is stopped for a moment: of the favourite's store and the look after
   * it, either the store was before that and the caller sees it, or the look comes after it and
   * sees the dismissal. It is what a JVM does when a shared arena is closed, so that no thread goes
   * on to use memory it has found open before.
   */
  private static void allThreadsPassABarrier() {
    try (Arena arena = Arena.ofShared()) {
      // With memory to close: of an arena without, a JVM need not tell anybody.
      var _ = arena.allocate(1);
    }
  }

  /** Whether this is {@code caller}'s favour. */
  boolean isOf(Thread caller) {
    return caller == thread;
  }
}
