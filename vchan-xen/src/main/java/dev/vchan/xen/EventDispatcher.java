// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.vchan.spi.EventCounter;
import dev.vchan.spi.Parking;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Reads the events of all ports from the device, and counts them where their waiters wait.
 *
 * <p>A thread that waits reads the device by itself, for its own port and all others: a dispatcher
 * would have to be woken, read, and wake that thread in turn, two wake-ups where one will do. One
 * thread at a time does, and a platform thread, since a virtual one would hold its carrier. As long
 * as others wait and none of them reads, a thread of this object does. When nobody waits nobody
 * reads: an event stays in the device, which has room for one of each port.
 */
final class EventDispatcher implements Closeable {

  /** Whose events they are. */
  interface Ports {

    /** An event of a port was read, which may have been closed meanwhile. */
    void arrived(int port);

    /** The numbers of all ports. */
    List<Integer> numbers();

    /** Nothing will arrive any more: every port is over, and whoever waits looks. */
    void end();
  }

  /** Ports read at once; more are read the next time round. At most a page can be written. */
  private static final int BATCH = 256;

  private static final long JOIN_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final int NO_LIMIT = -1;

  private final int evtchn;
  private final Ports ports;
  private final InterruptiblePoll poll;

  /** Held by whoever reads. */
  private final ReentrantLock reading = new ReentrantLock();

  /** Guarded by {@link #reading}. */
  private final MemorySegment batch = Arena.ofAuto().allocate(JAVA_INT, BATCH);

  /** Who waits and does not read. */
  private final AtomicInteger others = new AtomicInteger();

  private final Thread thread;

  /** Whether it is the thread that reads, and somebody would rather. */
  private volatile boolean threadReads;

  private volatile boolean wanted;
  private volatile boolean stopped;

  @SuppressWarnings("ThreadStartInConstructor") // The last thing it does.
  EventDispatcher(int evtchn, Ports ports) throws IOException {
    this.evtchn = evtchn;
    this.ports = ports;
    this.poll = new InterruptiblePoll(evtchn);
    this.thread = Thread.ofPlatform().daemon().name("vchan-xen-events").unstarted(this::run);
    thread.start();
  }

  private void run() {
    while (!stopped) {
      if (others.get() == 0) {
        LockSupport.park(this);
        continue;
      }
      reading.lock();
      try {
        readForOthers();
      } finally {
        reading.unlock();
      }
    }
  }

  /** Goes on when nobody waits any more: who waited will wait again. */
  private void readForOthers() {
    wanted = false;
    threadReads = true;
    while (!stopped && (others.get() > 0 || !wanted)) {
      read(NO_LIMIT);
    }
    threadReads = false;
  }

  /**
   * Waits until the count differs from {@code seen}, the time is over, the thread is interrupted,
   * or for no reason.
   */
  void await(EventCounter counter, long seen, long nanos) {
    if (mayRead()) {
      try {
        readUntil(counter, seen, nanos);
      } finally {
        reading.unlock();
        callThread();
      }
    } else {
      leaveReading(counter, seen, nanos);
    }
  }

  private boolean mayRead() {
    if (stopped || Thread.currentThread().isVirtual()) {
      return false;
    }
    boolean may = reading.tryLock();
    if (!may && threadReads) {
      wanted = true;
    }
    return may;
  }

  /** Lets somebody else read. */
  private void leaveReading(EventCounter counter, long seen, long nanos) {
    // Whoever reads now leaves in two steps: it gives the lock back, and then looks for others.
    // Here it is the other way round, so that one of the two sees the other and calls the thread.
    others.incrementAndGet();
    try {
      if (!reading.isLocked()) {
        callThread();
      }
      counter.await(seen, nanos);
    } finally {
      if (others.decrementAndGet() == 0 && wanted && threadReads) {
        poll.wakeup();
      }
    }
  }

  private void callThread() {
    if (others.get() > 0) {
      LockSupport.unpark(thread);
    }
  }

  private void readUntil(EventCounter counter, long seen, long nanos) {
    long start = Parking.nanoTime();
    long left = nanos;
    // Whoever counts an event after this look finds the lock held, and wakes the poll.
    while (counter.count() == seen
        && left > 0
        && !stopped
        && !Thread.currentThread().isInterrupted()) {
      long millis = TimeUnit.NANOSECONDS.toMillis(left) + 1;
      read((int) Math.min(millis, Integer.MAX_VALUE));
      left = nanos - (Parking.nanoTime() - start);
    }
  }

  /** Wakes whoever reads, to look at what it waits for. To be called after that was counted. */
  void rouse() {
    if (reading.isLocked() && !reading.isHeldByCurrentThread()) {
      poll.wakeup();
    }
  }

  private void read(int millis) {
    try {
      if (poll.await(millis)) {
        deliver();
      }
    } catch (IOException | RuntimeException | Error e) {
      // No event will arrive any more. Whoever waits finds its port over, instead of waiting on.
      stopped = true;
      ports.end();
    }
  }

  private void deliver() throws IOException {
    long bytes;
    try {
      bytes = LibC.read(evtchn, batch);
    } catch (SystemCallException e) {
      switch (e.errno()) {
        case SystemCallException.EAGAIN -> {}
        case SystemCallException.EFBIG -> recover();
        default -> throw e;
      }
      return;
    }
    // Enabled again before anybody looks: what comes after the look is then delivered.
    enable(batch.asSlice(0, bytes));
    for (long place = 0; place < bytes; place += Integer.BYTES) {
      ports.arrived(batch.get(JAVA_INT, place));
    }
  }

  /** Events were lost, and nobody knows whose: every port is enabled, and counts one. */
  private void recover() throws IOException {
    Ioctl.reset(evtchn);
    List<Integer> all = ports.numbers();
    for (int start = 0; start < all.size(); start += BATCH) {
      List<Integer> some = all.subList(start, Math.min(all.size(), start + BATCH));
      for (int i = 0; i < some.size(); i++) {
        batch.setAtIndex(JAVA_INT, i, some.get(i));
      }
      enable(batch.asSlice(0, (long) some.size() * Integer.BYTES));
    }
    all.forEach(ports::arrived);
  }

  private void enable(MemorySegment some) throws IOException {
    if (some.byteSize() > 0) {
      LibC.write(evtchn, some);
    }
  }

  /** Ends the thread, and whoever reads leaves before this returns. Idempotent. */
  @Override
  public void close() throws IOException {
    stopped = true;
    poll.wakeup();
    LockSupport.unpark(thread);
    awaitEnd();
    reading.lock();
    try {
      poll.close();
    } finally {
      reading.unlock();
    }
  }

  /** It never waits but in poll, which was woken; an interrupt is kept for later. */
  private void awaitEnd() {
    boolean interrupted = false;
    long start = Parking.nanoTime();
    while (thread.isAlive() && Parking.nanoTime() - start < JOIN_NANOS) {
      try {
        thread.join(TimeUnit.NANOSECONDS.toMillis(JOIN_NANOS));
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
