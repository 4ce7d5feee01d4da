// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Parking;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One caller at a time: calls of one direction never interleave.
 *
 * <p>To take a lock and give it back costs more than a small message does. But nearly always it is
 * the same thread that calls: after many calls in a row it becomes the {@link Favourite}. Whoever
 * else comes takes the lock, dismisses the favourite, and waits until it has left.
 */
final class Turn {

  /** Few enough to be soon, and more than a short-lived channel sees: a dismissal is not cheap. */
  static final int CALLS_IN_A_ROW = 5_000;

  private static final int MOST_CALLS_IN_A_ROW = 1 << 20;

  private final ReentrantLock lock = new ReentrantLock();
  private final Link link;

  /**
   * Written with the lock. Whoever reads it without looks for itself: no other thread puts it
   * there, and it stays until it was dismissed and has left.
   */
  private @Nullable Favourite favourite;

  private @Nullable Thread lastCaller;
  private int callsInARow;
  private int callsForFavour = CALLS_IN_A_ROW;

  Turn(Link link) {
    this.link = link;
  }

  /**
   * Takes the turn of an open channel, waiting for those who came before.
   *
   * @return false if the caller would have to wait and {@code deadline} is {@link Deadline#POLL}
   * @throws IOException if the channel is closed or failed, the deadline expires, or the thread is
   *     interrupted; the turn is not taken then
   */
  boolean take(Deadline deadline) throws IOException {
    link.checkOpen();
    if (deadline != Deadline.POLL) {
      link.checkInterrupt();
    }
    if (!enter() && !takeLock(deadline)) {
      return false;
    }
    boolean open = false;
    try {
      link.checkStillOpen();
      open = true;
    } finally {
      if (!open) {
        leave();
      }
    }
    return true;
  }

  private boolean enter() {
    Favourite known = favourite;
    return known != null && known.enter(Thread.currentThread());
  }

  private boolean takeLock(Deadline deadline) throws IOException {
    if (!lock.tryLock() && !awaitLock(deadline)) {
      return false;
    }
    boolean taken = false;
    try {
      if (favourite == null || awaitFavourite(favourite, deadline)) {
        count(Thread.currentThread());
        taken = true;
      }
    } finally {
      if (!taken) {
        lock.unlock();
      }
    }
    return taken;
  }

  private boolean awaitLock(Deadline deadline) throws IOException {
    if (deadline == Deadline.POLL) {
      return false;
    }
    try {
      if (lock.tryLock(deadline.remainingNanos(), TimeUnit.NANOSECONDS)) {
        return true;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      link.checkInterrupt();
    }
    throw timedOut();
  }

  /** With the lock. */
  private boolean awaitFavourite(Favourite known, Deadline deadline) throws IOException {
    if (deadline == Deadline.POLL && known.isInside()) {
      return false;
    }
    known.dismiss(Thread.currentThread());
    while (known.isInside()) {
      if (deadline == Deadline.POLL) {
        return false;
      }
      long left = deadline.remainingNanos();
      if (left == 0) {
        throw timedOut();
      }
      Parking.park(this, left);
      link.checkInterrupt();
    }
    forget();
    return true;
  }

  private static VchanTimeoutException timedOut() {
    return new VchanTimeoutException("timed out waiting for another call to finish", 0);
  }

  private void forget() {
    favourite = null;
    callsForFavour = Math.min(2 * callsForFavour, MOST_CALLS_IN_A_ROW);
  }

  private void count(Thread caller) {
    callsInARow = caller == lastCaller ? callsInARow + 1 : 1;
    lastCaller = caller;
    if (callsInARow > callsForFavour) {
      callsInARow = 0;
      favourite = new Favourite(caller);
    }
  }

  /** Whether the calling thread has the turn. */
  boolean isOurs() {
    Favourite known = favourite;
    return lock.isHeldByCurrentThread()
        || (known != null && known.isInside(Thread.currentThread()));
  }

  /** Whether another thread has the turn so often that a mere glance should not disturb it. */
  boolean isFavourOfAnother() {
    Favourite known = favourite;
    return known != null && !known.isOf(Thread.currentThread());
  }

  /** Takes the turn of a channel that is being closed: those who have it leave at once. */
  void takeToClose() {
    if (enter()) {
      return;
    }
    lock.lock();
    boolean taken = false;
    try {
      Favourite known = favourite;
      if (known != null) {
        awaitFavouriteToClose(known);
      }
      taken = true;
    } finally {
      if (!taken) {
        lock.unlock();
      }
    }
  }

  /** With the lock. */
  private void awaitFavouriteToClose(Favourite known) {
    known.dismiss(Thread.currentThread());
    boolean interrupted = false;
    while (known.isInside()) {
      // Whoever is interrupted does not park; the interrupt is for others to see, afterwards.
      interrupted |= Thread.interrupted();
      Parking.park(this, Long.MAX_VALUE);
    }
    forget();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  void leave() {
    Favourite known = favourite;
    if (known == null || !known.leave(Thread.currentThread())) {
      lock.unlock();
    }
  }
}
