// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.spi.EventCounter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Lets a thread that waits for an event read the socket by itself. The dispatcher would have to be
 * woken, read, and wake that thread in turn: two wake-ups, tens of microseconds each, where one
 * will do.
 *
 * <p>One thread at a time keeps the lookout of a connection, a platform thread, since a virtual one
 * would hold its carrier. Meanwhile the dispatcher is not interested in what arrives there, and for
 * a moment afterwards, since who waits once waits again: to change the dispatcher's interest costs
 * as much as the hop that is saved. Whoever else waits at the same time needs the dispatcher, and
 * calls it back.
 */
final class Lookout {

  /** How long a socket may stay unread when nobody waits for it any more. */
  private static final long LINGER_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /** Two threads that wait in turns would call the dispatcher and send it away all the time. */
  private static final int WAITS_LEFT_TO_THE_DISPATCHER = 256;

  /** A channel that waits a few times only is not worth a selector. */
  private static final int FIRST_WAITS = 16;

  private static final int INPUT_BYTES = 256;

  private final Connection connection;
  private final Dispatcher dispatcher;
  private final SocketChannel channel;
  private final Dispatcher.Timer lingering;
  private final AtomicReference<@Nullable Thread> keeper = new AtomicReference<>();
  private final AtomicInteger others = new AtomicInteger();
  private final AtomicInteger waitsToSkip = new AtomicInteger(FIRST_WAITS);

  /** Guarded by this object, as is all below; used by the keeper. */
  private @Nullable Selector selector;

  private @Nullable ByteBuffer input;
  private boolean lingers;
  private long watches;
  private long watchesBefore;
  private boolean closed;

  Lookout(Connection connection, Dispatcher dispatcher, SocketChannel channel) {
    this.connection = connection;
    this.dispatcher = dispatcher;
    this.channel = channel;
    this.lingering = dispatcher.timer(this::endLingering);
  }

  /**
   * Waits until the count differs from {@code seen}, the time is over, the thread is interrupted,
   * or for no reason.
   */
  void await(EventCounter counter, long seen, long nanos) {
    if (mayKeep() && keeper.compareAndSet(null, Thread.currentThread())) {
      try {
        if (keep(counter, seen, nanos)) {
          return;
        }
      } finally {
        leave();
      }
    }
    // The keeper that stands here now leaves in two steps, in this order: it is no keeper any more,
    // and then looks for others. Whoever sees it below is seen by it.
    others.incrementAndGet();
    try {
      if (keeper.get() == null) {
        connection.letDispatcherRead(true);
      }
      counter.await(seen, nanos);
    } finally {
      others.decrementAndGet();
    }
  }

  private boolean mayKeep() {
    if (Thread.currentThread().isVirtual()) {
      return false;
    }
    int skip = waitsToSkip.get();
    if (skip > 0) {
      waitsToSkip.compareAndSet(skip, skip - 1);
    }
    return skip == 0;
  }

  /** Returns false if the dispatcher has to do it. */
  private boolean keep(EventCounter counter, long seen, long nanos) {
    Selector mine = open();
    if (mine == null) {
      return false;
    }
    connection.letDispatcherRead(false);
    if (counter.count() != seen) {
      // Whoever counts an event after this look finds a keeper, and wakes it.
      return true;
    }
    try {
      long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
      if (mine.select(Lookout::noted, millis < Long.MAX_VALUE ? millis + 1 : millis) > 0) {
        connection.read(input());
      }
      return true;
    } catch (ClosedSelectorException e) {
      return true;
    } catch (IOException e) {
      // Selecting fails only for want of kernel memory.
      return false;
    }
  }

  /** With an action, nothing is put into a set of selected keys, and nothing is allocated. */
  private static void noted(SelectionKey ready) {}

  private synchronized @Nullable Selector open() {
    if (closed) {
      return null;
    }
    if (selector != null) {
      return selector;
    }
    Selector made = null;
    try {
      made = Selector.open();
      channel.register(made, SelectionKey.OP_READ);
      selector = made;
    } catch (IOException e) {
      // Out of descriptors, or the channel is closed: the dispatcher knows how to go on.
      close(made);
    }
    return selector;
  }

  private synchronized ByteBuffer input() {
    if (input == null) {
      input = ByteBuffer.allocateDirect(INPUT_BYTES);
    }
    return input.clear();
  }

  private void leave() {
    keeper.set(null);
    if (others.get() > 0) {
      waitsToSkip.set(WAITS_LEFT_TO_THE_DISPATCHER);
      connection.letDispatcherRead(true);
      return;
    }
    synchronized (this) {
      watches++;
      if (!lingers && !closed) {
        linger();
      }
    }
  }

  private void linger() {
    lingers = true;
    watchesBefore = watches;
    dispatcher.set(lingering, LINGER_NANOS);
  }

  private void endLingering() {
    synchronized (this) {
      lingers = false;
      if (closed || keeper.get() != null) {
        // A keeper that leaves after this look begins anew.
        return;
      }
      if (watches != watchesBefore) {
        linger();
        return;
      }
    }
    connection.letDispatcherRead(true);
  }

  /** Ends the keeper's wait. To be called after what it waits for was counted. */
  void rouse() {
    Thread awake = keeper.get();
    if (awake == null || awake == Thread.currentThread()) {
      return;
    }
    Selector used;
    synchronized (this) {
      used = selector;
    }
    if (used != null) {
      used.wakeup();
    }
  }

  /** Ends the keeper's wait for good, and gives the selector back. */
  void close() {
    Selector used;
    synchronized (this) {
      closed = true;
      used = selector;
    }
    dispatcher.cancel(lingering);
    close(used);
  }

  private static void close(@Nullable Selector used) {
    if (used == null) {
      return;
    }
    try {
      used.close();
    } catch (IOException e) {
      // The descriptors are gone all the same.
      return;
    }
  }
}
