// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** One caller at a time: calls of one direction never interleave. */
final class Turn {

  private final ReentrantLock lock = new ReentrantLock();
  private final Link link;

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
    if (!lock.tryLock() && !await(deadline)) {
      return false;
    }
    try {
      link.checkStillOpen();
      return true;
    } catch (IOException e) {
      lock.unlock();
      throw e;
    }
  }

  private boolean await(Deadline deadline) throws IOException {
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
    throw new VchanTimeoutException("timed out waiting for another call to finish", 0);
  }

  /** Whether the calling thread has the turn. */
  boolean isOurs() {
    return lock.isHeldByCurrentThread();
  }

  /** Takes the turn of a channel that is being closed: those who have it leave at once. */
  void takeToClose() {
    lock.lock();
  }

  void leave() {
    lock.unlock();
  }
}
