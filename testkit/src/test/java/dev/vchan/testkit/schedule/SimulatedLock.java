// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What the rewritten endpoint makes in place of a reentrant lock: who waits for it is left. */
public final class SimulatedLock extends ReentrantLock {

  private static final long serialVersionUID = 1;

  private final transient Scheduler scheduler = Seam.scheduler();
  private final int key = scheduler.newLockKey();
  private transient @Nullable Task owner;
  private int holds;

  /** Makes a lock that nobody holds. */
  public SimulatedLock() {}

  @Override
  public void lock() {
    acquire(Task.NEVER);
  }

  @Override
  public boolean tryLock() {
    return acquire(0);
  }

  @Override
  public boolean tryLock(long timeout, TimeUnit unit) {
    return acquire(unit.toNanos(timeout));
  }

  private boolean acquire(long nanos) {
    Task me = scheduler.running();
    if (owner == me) {
      holds++;
      return true;
    }
    scheduler.access(key, true);
    long end = nanos == Task.NEVER ? nanos : scheduler.now() + nanos;
    while (owner != null) {
      long left = end == Task.NEVER ? end : end - scheduler.now();
      if (left <= 0) {
        return false;
      }
      scheduler.note("waits for the lock of task %d", owner.number, 0);
      me.waitsFor = this;
      scheduler.block(left);
      me.waitsFor = null;
    }
    owner = me;
    holds = 1;
    return true;
  }

  @Override
  public void unlock() {
    if (owner != scheduler.running()) {
      throw new IllegalMonitorStateException();
    }
    if (--holds == 0) {
      holds = 1;
      scheduler.access(key, true);
      holds = 0;
      owner = null;
      scheduler.wake(this);
    }
  }

  @Override
  public boolean isHeldByCurrentThread() {
    return owner == scheduler.running();
  }
}
