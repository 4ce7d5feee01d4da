// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One socket between two ports: cuts what arrives into a hello and frames, and queues what cannot
 * be sent yet. Reading happens on the dispatcher's thread, or on one that waits for an event;
 * writing on any.
 *
 * <p>Frames are one byte, {@code EVENT} or {@code GOODBYE}; or a type from 16 on, a length, and as
 * many bytes. Those of a type that is not known are skipped.
 */
final class Connection implements Dispatcher.Handler {

  private static final byte EVENT = 0x01;
  private static final byte GOODBYE = 0x02;
  private static final int FIRST_LONG = 0x10;
  private static final byte NOTICE = 0x10;
  private static final byte NO_NOTICE = 0x11;
  private static final int NOTICE_LENGTH = 8;

  /** How long a goodbye may take to go out. */
  private static final long LEAVE_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** A vchan needs one. */
  private static final int MAX_NOTICES = 64;

  /**
   * What the port at this end makes of it. Called by whoever reads, by one thread at a time, and
   * must not wait.
   */
  interface Owner {

    /** The first bytes came; empty if they are no hello that we understand. */
    void hello(Connection connection, Optional<Hello> hello);

    /** Events came, one or more. */
    void event(Connection connection);

    /** The other end is gone, in good order or not. */
    void hungUp(Connection connection, boolean inGoodOrder);
  }

  private final Dispatcher dispatcher;
  private final SocketChannel channel;
  private final Lookout lookout;
  private final Dispatcher.Timer patience;

  /** Held by the one thread that reads; guards what follows, down to {@code inHello}. */
  private final Object reading = new Object();

  private Owner owner;
  private final Set<UnmapNotice> notices = new HashSet<>();

  /** What of the present frame has come, of the {@code wanted} bytes it has. */
  private final byte[] frame = new byte[Hello.LENGTH];

  private int have;
  private int wanted = Hello.LENGTH;
  private boolean inHello = true;

  /** Guarded by this object, as is all below. */
  private @Nullable SelectionKey key;

  private boolean dispatcherReads = true;

  /** Bytes that did not fit into the socket. */
  private ByteBuffer backlog = ByteBuffer.allocate(0);

  private final ByteBuffer event = ByteBuffer.wrap(new byte[] {EVENT});
  private boolean lastIsEvent;
  private boolean leaving;
  private boolean closed;

  Connection(Dispatcher dispatcher, SocketChannel channel, Owner owner) {
    this.dispatcher = dispatcher;
    this.channel = channel;
    this.owner = owner;
    this.lookout = new Lookout(this, dispatcher, channel);
    this.patience = dispatcher.timer(this::close);
  }

  /** Begins to listen to the other end. */
  void start() throws IOException {
    SelectionKey registered = dispatcher.register(channel, SelectionKey.OP_READ, this);
    synchronized (this) {
      key = registered;
      showInterest();
    }
  }

  /** Where threads wait for events of this connection. */
  Lookout lookout() {
    return lookout;
  }

  /** From now on somebody else takes what arrives. For an owner that is being called. */
  void handTo(Owner next) {
    owner = next;
  }

  /** What to clear when the other end dies. For an owner that is being called. */
  Set<UnmapNotice> notices() {
    return notices;
  }

  @Override
  public void ready(SelectionKey ready) {
    if (ready.isWritable()) {
      flush();
    }
    if (ready.isValid() && ready.isReadable()) {
      read(dispatcher.input());
    }
  }

  @Override
  public void failed() {
    synchronized (reading) {
      end(false);
    }
  }

  /** Reads what is there, at most as much as fits into {@code input}. */
  void read(ByteBuffer input) {
    synchronized (reading) {
      readInTurn(input);
    }
  }

  private void readInTurn(ByteBuffer input) {
    int count;
    try {
      count = channel.read(input);
    } catch (IOException e) {
      // Reset by a peer that left bytes of ours unread. What it had sent came before this.
      count = -1;
    }
    if (count < 0) {
      end(false);
      return;
    }
    input.flip();
    boolean events = false;
    while (input.hasRemaining() && !isClosed()) {
      byte next = input.get();
      if (have == 0 && !inHello && next == EVENT) {
        events = true;
      } else if (have == 0 && !inHello && next == GOODBYE) {
        if (events) {
          owner.event(this);
        }
        end(true);
        return;
      } else {
        collect(next);
      }
    }
    if (events) {
      owner.event(this);
    }
  }

  private void collect(byte next) {
    if (have < frame.length) {
      frame[have] = next;
    }
    have++;
    if (inHello) {
      if (have == wanted) {
        inHello = false;
        have = 0;
        owner.hello(this, Hello.decode(frame));
      }
      return;
    }
    if (have == 1 && Byte.toUnsignedInt(next) < FIRST_LONG) {
      // Not of this format, so what follows cannot be read either.
      end(false);
    } else if (have == 2) {
      wanted = 2 + Byte.toUnsignedInt(next);
    }
    if (have >= 2 && have == wanted) {
      have = 0;
      takeFrame(wanted - 2);
    }
  }

  private void takeFrame(int length) {
    if (frame[0] != NOTICE && frame[0] != NO_NOTICE) {
      return;
    }
    ByteBuffer in = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN).position(2);
    int domain = Short.toUnsignedInt(in.getShort());
    int offset = Short.toUnsignedInt(in.getShort());
    if (length != NOTICE_LENGTH || domain >= DomainId.FIRST_RESERVED) {
      end(false);
      return;
    }
    UnmapNotice notice = new UnmapNotice(new DomainId(domain), in.getInt(), offset);
    if (frame[0] == NO_NOTICE) {
      notices.remove(notice);
    } else if (notices.size() < MAX_NOTICES) {
      notices.add(notice);
    } else {
      end(false);
    }
  }

  private void end(boolean inGoodOrder) {
    boolean first;
    synchronized (this) {
      first = !closed && !leaving;
    }
    close();
    if (first) {
      owner.hungUp(this, inGoodOrder);
    }
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  synchronized void send(Hello hello) {
    put(hello.encode());
  }

  synchronized void send(UnmapNotice notice, boolean wanted) {
    put(
        ByteBuffer.allocate(2 + NOTICE_LENGTH)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(wanted ? NOTICE : NO_NOTICE)
            .put((byte) NOTICE_LENGTH)
            .putShort((short) notice.owner().value())
            .putShort((short) notice.offset())
            .putInt(notice.ref())
            .array());
  }

  /**
   * Sends an event, without waiting.
   *
   * <p>The caller's thread writes by itself, which saves the hop over the dispatcher. It may be
   * interrupted at any time: an interrupt closes a channel only under a blocking operation, and
   * this channel is non-blocking.
   */
  synchronized void sendEvent() {
    if (closed || leaving) {
      return;
    }
    if (backlog.hasRemaining()) {
      if (!lastIsEvent) {
        put(new byte[] {EVENT});
        lastIsEvent = true;
      }
      return;
    }
    event.clear();
    write(event);
    // If there was no room for it and the last byte sent was an event, that one has not been read,
    // since bytes are read in order: it is pending, and the peer will look after this moment.
    if (event.hasRemaining() && !lastIsEvent) {
      put(new byte[] {EVENT});
    }
    lastIsEvent = true;
  }

  /** Says goodbye and closes as soon as that has gone out, now as a rule. */
  synchronized void leave() {
    if (closed || leaving) {
      return;
    }
    leaving = true;
    letDispatcherRead(true);
    put(new byte[] {GOODBYE});
    if (backlog.hasRemaining()) {
      // A peer that never reads must not keep the socket for as long as it likes.
      dispatcher.set(patience, LEAVE_NANOS);
    } else {
      close();
    }
  }

  private void put(byte[] bytes) {
    lastIsEvent = false;
    ByteBuffer out = ByteBuffer.wrap(bytes);
    if (!backlog.hasRemaining()) {
      write(out);
    }
    if (out.hasRemaining()) {
      backlog =
          ByteBuffer.allocate(backlog.remaining() + out.remaining()).put(backlog).put(out).flip();
      showInterest();
    }
  }

  private void write(ByteBuffer out) {
    try {
      channel.write(out);
    } catch (IOException e) {
      // Nobody is there to read it: as on Xen, it is dropped. The dispatcher sees the hang-up.
      out.position(out.limit());
    }
  }

  private synchronized void flush() {
    write(backlog);
    showInterest();
    if (leaving && !backlog.hasRemaining()) {
      close();
    }
  }

  /** Says whether the dispatcher is to read what arrives, or whoever waits for it. */
  synchronized void letDispatcherRead(boolean wanted) {
    if (dispatcherReads != wanted && !closed) {
      dispatcherReads = wanted;
      showInterest();
    }
  }

  private void showInterest() {
    SelectionKey registered = key;
    if (registered == null) {
      return;
    }
    int wanted =
        (dispatcherReads ? SelectionKey.OP_READ : 0)
            | (backlog.hasRemaining() ? SelectionKey.OP_WRITE : 0);
    try {
      if (registered.interestOps() != wanted) {
        registered.interestOps(wanted);
        dispatcher.wakeup();
      }
    } catch (CancelledKeyException e) {
      // Closed meanwhile.
      return;
    }
  }

  /** Whether a goodbye is still to go out. */
  synchronized boolean isLeaving() {
    return leaving && !closed;
  }

  /** Hangs up at once. Idempotent. */
  synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      channel.close();
    } catch (IOException e) {
      // The descriptor is gone all the same.
    } finally {
      dispatcher.cancel(patience);
      lookout.close();
      dispatcher.wakeup();
    }
  }
}
