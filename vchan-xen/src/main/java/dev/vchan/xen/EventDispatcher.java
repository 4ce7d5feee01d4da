// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.vchan.spi.Parking;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The thread that reads events of all ports from the device. It is a platform thread, since it
 * waits in the kernel; waiters wait for what it counts.
 */
final class EventDispatcher implements Closeable {

  /** Ports read at once; more are read the next time round. At most a page can be written. */
  private static final int BATCH = 256;

  private static final long JOIN_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final int evtchn;
  private final XenEvents events;

  /** Written to once, to end the thread: closing a descriptor wakes nobody who waits for it. */
  private final int stop;

  private final Thread thread;
  private boolean closed;

  @SuppressWarnings("ThreadStartInConstructor") // The last thing it does.
  EventDispatcher(int evtchn, XenEvents events) throws IOException {
    this.evtchn = evtchn;
    this.events = events;
    this.stop = LibC.eventfd();
    this.thread = Thread.ofPlatform().daemon().name("vchan-xen-events").unstarted(this::run);
    thread.start();
  }

  private void run() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment batch = arena.allocate(JAVA_INT, BATCH);
      for (; ; ) {
        short[] happened = LibC.poll(evtchn, stop);
        if (happened[1] != 0) {
          return;
        }
        if (happened[0] != 0) {
          deliver(batch);
        }
      }
    } catch (IOException | RuntimeException | Error e) {
      // No event will arrive any more. Whoever waits finds its port over, instead of waiting on.
      events.end();
    }
  }

  private void deliver(MemorySegment batch) throws IOException {
    long bytes;
    try {
      bytes = LibC.read(evtchn, batch);
    } catch (SystemCallException e) {
      switch (e.errno()) {
        case SystemCallException.EAGAIN -> {}
        case SystemCallException.EFBIG -> recover(batch);
        default -> throw e;
      }
      return;
    }
    // Enabled again before anybody looks: what comes after the look is then delivered.
    enable(batch.asSlice(0, bytes));
    for (long place = 0; place < bytes; place += Integer.BYTES) {
      events.arrived(batch.get(JAVA_INT, place));
    }
  }

  /** Events were lost, and nobody knows whose: every port is enabled, and counts one. */
  private void recover(MemorySegment batch) throws IOException {
    Ioctl.reset(evtchn);
    List<Integer> all = events.numbers();
    for (int start = 0; start < all.size(); start += BATCH) {
      List<Integer> some = all.subList(start, Math.min(all.size(), start + BATCH));
      for (int i = 0; i < some.size(); i++) {
        batch.setAtIndex(JAVA_INT, i, some.get(i));
      }
      enable(batch.asSlice(0, (long) some.size() * Integer.BYTES));
    }
    all.forEach(events::arrived);
  }

  private void enable(MemorySegment ports) throws IOException {
    if (ports.byteSize() > 0) {
      LibC.write(evtchn, ports);
    }
  }

  /** Ends the thread. Idempotent. */
  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try (Arena arena = Arena.ofConfined()) {
      LibC.write(stop, arena.allocateFrom(JAVA_LONG, 1));
    }
    awaitEnd();
    LibC.close(stop);
  }

  /** It never waits but in poll, which the write ends; an interrupt is kept for later. */
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
