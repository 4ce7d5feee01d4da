// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.spi.Parking;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The one thread of a backend that looks at its sockets. It sleeps until one of them is ready or a
 * timer expires, gives every ready socket one turn of bounded work, and never waits for a peer.
 *
 * <p>Its methods may be called from any thread; handlers and timers run on its own.
 */
final class Dispatcher implements Closeable {

  /** What one socket may have us read in one turn, before the others have theirs. */
  private static final int TURN_BYTES = 4096;

  private final Selector selector;
  private final Thread thread;
  private final ByteBuffer input = ByteBuffer.allocateDirect(TURN_BYTES);

  /** Guarded by itself. */
  private final PriorityQueue<Timer> timers =
      new PriorityQueue<>((a, b) -> Long.signum(a.deadline - b.deadline));

  private volatile boolean stopped;
  private final AtomicLong turns = new AtomicLong();

  Dispatcher(String name) throws IOException {
    selector = Selector.open();
    thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
    thread.start();
  }

  /** Takes care of one channel. */
  interface Handler {

    /** The channel is ready. Does a bounded amount of work and never waits. */
    void ready(SelectionKey key);

    /** The handler itself is broken; its channel has been closed. */
    void failed();
  }

  /** Work to be done later, once each time the timer is set. */
  static final class Timer {

    private final Runnable work;

    /** Guarded by the queue, and changed only while the timer is not in it. */
    private long deadline;

    private Timer(Runnable work) {
      this.work = work;
    }

    private long remainingNanos() {
      return deadline - Parking.nanoTime();
    }
  }

  /**
   * Watches a non-blocking channel from now on.
   *
   * @throws IOException if the channel or this dispatcher is closed
   */
  SelectionKey register(SelectableChannel channel, int operations, Handler handler)
      throws IOException {
    try {
      SelectionKey key = channel.register(selector, operations, handler);
      wakeup();
      return key;
    } catch (ClosedSelectorException e) {
      throw new IOException("the backend is closed", e);
    }
  }

  /**
   * Makes a change to a key, or the closing of a channel, take effect now. What its own thread
   * changes does so anyway, when it selects next.
   */
  void wakeup() {
    if (Thread.currentThread() != thread) {
      selector.wakeup();
    }
  }

  /** A timer that is not set. */
  Timer timer(Runnable work) {
    return new Timer(work);
  }

  /** Has the timer's work done after so many nanoseconds, and not when it was set for before. */
  void set(Timer timer, long nanos) {
    synchronized (timers) {
      timers.remove(timer);
      timer.deadline = Parking.nanoTime() + nanos;
      timers.add(timer);
    }
    wakeup();
  }

  /** Takes back what was set. What is being done already is not stopped. */
  void cancel(Timer timer) {
    synchronized (timers) {
      timers.remove(timer);
    }
  }

  /** How often the thread has been woken; stands still while nothing happens. */
  long turns() {
    return turns.get();
  }

  /** Where a handler reads to while it runs. */
  ByteBuffer input() {
    return input.clear();
  }

  private void run() {
    while (!stopped) {
      // A stray interrupt would make every select return at once, and this thread burn a core.
      boolean strayInterrupt = Thread.interrupted();
      try {
        selector.select(strayInterrupt ? 1 : millisToTimer());
        turns.incrementAndGet();
        runTimers();
        for (SelectionKey key : selector.selectedKeys()) {
          if (key.isValid()) {
            handle(key);
          }
        }
        selector.selectedKeys().clear();
      } catch (ClosedSelectorException e) {
        return;
      } catch (IOException e) {
        // Selecting fails only for want of kernel memory: wait for better times, do not spin.
        Parking.park(this, TimeUnit.MILLISECONDS.toNanos(100));
      }
    }
  }

  private static void handle(SelectionKey key) {
    Handler handler = (Handler) key.attachment();
    try {
      handler.ready(key);
    } catch (CancelledKeyException e) {
      // Another thread has closed the channel meanwhile, and knows what that means.
      return;
    } catch (RuntimeException | Error e) {
      // One channel is lost; the others must not be.
      try {
        key.channel().close();
      } catch (IOException closing) {
        e.addSuppressed(closing);
      }
      handler.failed();
      report(e);
    }
  }

  private long millisToTimer() {
    synchronized (timers) {
      Timer next = timers.peek();
      if (next == null) {
        return 0;
      }
      return Math.max(1, TimeUnit.NANOSECONDS.toMillis(next.remainingNanos()) + 1);
    }
  }

  private void runTimers() {
    for (; ; ) {
      Timer next;
      synchronized (timers) {
        next = timers.peek();
        if (next == null || next.remainingNanos() > 0) {
          return;
        }
        timers.remove();
      }
      try {
        next.work.run();
      } catch (RuntimeException | Error e) {
        report(e);
      }
    }
  }

  /** A mistake of ours that must not end this thread, but must not go unseen either. */
  private static void report(Throwable mistake) {
    Thread me = Thread.currentThread();
    me.getUncaughtExceptionHandler().uncaughtException(me, mistake);
  }

  /** Ends the thread, and waits until it has given back every channel that was closed. */
  @Override
  public void close() throws IOException {
    stopped = true;
    selector.wakeup();
    boolean interrupted = false;
    while (thread.isAlive() && thread != Thread.currentThread()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    // Whatever is still registered has been closed, and is given back to the system here.
    selector.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
