// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.Deadline;
import dev.vchan.spi.EventCounter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Whose turn it is to make transactions: one thread's at a time, in the order in which they came,
 * again and again by the thread that has it. Unlike a lock it can be told that a wait is of no use
 * any more.
 */
final class Turns {

  private final EventCounter changes = new EventCounter();

  /** Guarded by this object, as is all below. */
  private final Deque<Thread> waiting = new ArrayDeque<>();

  private @Nullable Thread owner;
  private int depth;

  /**
   * Waits for the calling thread's turn, until the deadline, an interrupt, or {@code useless} says
   * so when {@link #lookAgain} was called.
   *
   * @return whether it is its turn; then it must be ended
   */
  boolean take(Deadline deadline, BooleanSupplier useless) {
    Thread me = Thread.currentThread();
    synchronized (this) {
      waiting.add(me);
    }
    while (true) {
      // Sampled before the looks: what comes after them ends the wait at once.
      long seen = changes.count();
      if (takeNow(me)) {
        return true;
      }
      long left = deadline.remainingNanos();
      if (left == 0 || me.isInterrupted() || useless.getAsBoolean()) {
        giveUp(me);
        return false;
      }
      changes.await(seen, left);
    }
  }

  private synchronized boolean takeNow(Thread me) {
    if (owner != me && (owner != null || waiting.peek() != me)) {
      return false;
    }
    waiting.remove(me);
    owner = me;
    depth++;
    return true;
  }

  private void giveUp(Thread me) {
    synchronized (this) {
      waiting.remove(me);
    }
    // It may have been the first, and the next is then.
    changes.signal();
  }

  /** Ends the calling thread's turn, or one within it. */
  void end() {
    synchronized (this) {
      depth--;
      if (depth > 0) {
        return;
      }
      owner = null;
    }
    changes.signal();
  }

  /** Has those who wait ask whether it is of any use. */
  void lookAgain() {
    changes.signal();
  }
}
