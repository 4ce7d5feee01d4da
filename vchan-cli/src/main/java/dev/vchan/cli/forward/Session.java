// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import dev.vchan.Counters;
import dev.vchan.Deadline;
import dev.vchan.PeerClosedException;
import dev.vchan.Vchan;
import dev.vchan.VchanState;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A socket and a channel, joined. Each direction has a thread and one buffer: what the one side
 * does not take, the other side is not asked for.
 *
 * <p>An end of either side is passed on to the other behind the last byte, and the other direction
 * stays open. A side that takes no more is not the end of what it has sent: that is still
 * delivered. A socket that was reset closes the channel, and a peer that died, or broke the
 * protocol, has the socket reset.
 */
final class Session {

  private static final int BUFFER_BYTES = 64 << 10;

  /** How long a client may take to read the end of the answer and to close. */
  private static final Duration LINGERING = Duration.ofSeconds(30);

  /** How often the channel is looked at while only input is left that may stay away for ever. */
  private static final Duration LOOK = Duration.ofMillis(250);

  /** The longest wait for a peer that only knows the end of everything to take the last bytes. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final SocketChannel socket;
  private final Vchan channel;
  private final Duration answerTime;
  private final AtomicReference<IOException> failure = new AtomicReference<>();
  private final CountDownLatch answered = new CountDownLatch(1);

  /** The channel is being closed because that is how its peer is told of the end of the input. */
  private volatile boolean closingAsEnd;

  /** What fails from here on is a consequence of the end of this session. */
  private volatile boolean over;

  private volatile boolean cut;

  /** Bytes that the client sent and nobody took. */
  private final AtomicLong untaken = new AtomicLong();

  /**
   * Makes a session.
   *
   * @param answerTime how long a peer without half-close may answer after the end of the input
   */
  Session(SocketChannel socket, Vchan channel, Duration answerTime) {
    this.socket = socket;
    this.channel = channel;
    this.answerTime = answerTime;
  }

  /**
   * Moves bytes both ways until both have ended, and closes socket and channel.
   *
   * @throws SocketFailure if the socket was reset
   * @throws IOException if the channel's peer died, broke the protocol, or closed before it had
   *     taken everything
   */
  void run() throws IOException {
    String name = Thread.currentThread().getName() + "-input";
    Thread input = Thread.ofPlatform().daemon().name(name).unstarted(this::fromSocket);
    try {
      Sockets.prepare(socket);
      input.start();
      toSocket();
      awaitInput(input);
    } catch (IOException | RuntimeException | Error e) {
      Sockets.reset(socket);
      throw e;
    } finally {
      end(input);
    }
    IOException first = failure.get();
    if (first != null && !cut) {
      throw first;
    }
  }

  /** The way of the input: from the socket into the channel. */
  private void fromSocket() {
    try (Arena arena = Arena.ofConfined()) {
      ByteBuffer buffer = arena.allocate(BUFFER_BYTES).asByteBuffer();
      while (read(buffer.clear()) >= 0) {
        buffer.flip();
        // What the peer does not take any more is read all the same. A socket that is closed over
        // unread bytes resets its client, which may then lose the end of the answer.
        if (untaken.get() > 0 || !intoChannel(buffer)) {
          untaken.addAndGet(buffer.remaining());
        }
      }
      if (untaken.get() == 0) {
        endInput();
      }
    } catch (SocketFailure e) {
      fail(e);
      abandonChannel();
    } catch (ClosedChannelException e) {
      // By the other direction, which knows why.
      return;
    } catch (IOException e) {
      // Of the channel, and the other direction meets the same there.
      fail(e);
    } catch (RuntimeException | Error e) {
      reset(new IOException("the input cannot go on: " + e, e));
      closeChannel();
    }
  }

  private int read(ByteBuffer buffer) throws SocketFailure {
    try {
      return socket.read(buffer);
    } catch (IOException e) {
      throw new SocketFailure("reading", e);
    }
  }

  private boolean intoChannel(ByteBuffer bytes) {
    try {
      channel.write(bytes);
      return true;
    } catch (IOException e) {
      // Not the end of the session: what the peer wrote before may still be on its way to the
      // client, and whoever carries that sees why the channel ended.
      if (e instanceof PeerClosedException) {
        fail(e);
      }
      return false;
    }
  }

  /** Passes the end of the input on. */
  private void endInput() throws IOException {
    if (channel.supportsHalfClose()) {
      channel.shutdownOutput();
      return;
    }
    // This peer knows the end of everything only, and may stop reading when it sees that.
    channel.drain(Deadline.NEVER);
    long wait = answerTime.toNanos();
    while (!answered(wait) && channel.dataReady() > 0) {
      // What it has said by now is still delivered, at the pace of the client.
      wait = TimeUnit.MILLISECONDS.toNanos(10);
    }
    closingAsEnd = true;
    channel.close();
  }

  /** Whether everything has gone to the socket, or has within {@code nanos}. */
  private boolean answered(long nanos) {
    try {
      return answered.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /** The socket is gone, and with it the only taker of what the peer has to say. */
  private void abandonChannel() {
    if (cut) {
      return;
    }
    try {
      if (!channel.supportsHalfClose()) {
        channel.drain(Deadline.after(PATIENCE));
      }
    } catch (IOException e) {
      fail(e);
    } finally {
      closeChannel();
    }
  }

  /** The way of the output: from the channel to the socket. */
  private void toSocket() {
    try (Arena arena = Arena.ofConfined()) {
      ByteBuffer buffer = arena.allocate(BUFFER_BYTES).asByteBuffer();
      while (channel.read(buffer.clear()) >= 0) {
        write(buffer.flip());
      }
      endOutput();
    } catch (SocketFailure e) {
      fail(e);
      discardOutput();
    } catch (ClosedChannelException e) {
      if (closingAsEnd) {
        endOutput();
      } else {
        reset(e);
      }
    } catch (IOException e) {
      // The peer died or broke the protocol: what came is not to be taken for everything.
      reset(e);
    } finally {
      answered.countDown();
    }
  }

  private void write(ByteBuffer bytes) throws SocketFailure {
    try {
      while (bytes.hasRemaining()) {
        socket.write(bytes);
      }
    } catch (IOException e) {
      throw new SocketFailure("writing to", e);
    }
  }

  private void endOutput() {
    try {
      socket.shutdownOutput();
    } catch (IOException e) {
      // The client has gone and left nothing to be told; its input says the rest.
      fail(new SocketFailure("closing", e));
    }
  }

  /**
   * The client takes no more, but may have sent something before it went: that is delivered, and
   * meanwhile the peer must not be held up by what nobody wants.
   */
  private void discardOutput() {
    try {
      channel.shutdownInput();
    } catch (IOException e) {
      fail(e);
    }
  }

  /** The output has ended: waits for the end of the input, if anybody takes it. */
  private void awaitInput(Thread input) {
    ByteBuffer nothing = ByteBuffer.allocate(0);
    while (!joined(input, LOOK)) {
      try {
        // Fails as soon as a write would, and with the reason.
        channel.write(nothing);
      } catch (PeerClosedException | ClosedChannelException e) {
        closeChannel();
        joined(input, LINGERING);
        return;
      } catch (IOException e) {
        reset(e);
        return;
      }
    }
  }

  private static boolean joined(Thread thread, Duration limit) {
    try {
      return thread.join(limit);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private void end(Thread input) throws IOException {
    if (cut) {
      return;
    }
    closeChannel();
    over = true;
    socket.close();
    while (input.isAlive() && !joined(input, LOOK)) {
      // It has nothing left to wait for.
    }
  }

  private void closeChannel() {
    try (channel) {
      if (channel.state() == VchanState.PEER_CLOSED) {
        // Nothing is waited for: either it had taken everything, or it never will.
        channel.drain(Deadline.after(Duration.ZERO));
      }
    } catch (IOException e) {
      fail(e);
    }
  }

  private void reset(IOException why) {
    fail(why);
    Sockets.reset(socket);
  }

  private void fail(IOException why) {
    if (!over && !cut) {
      failure.compareAndSet(null, why);
    }
  }

  /**
   * Ends the session in the middle, from another thread: the socket is reset, and the channel is
   * left for the process to end with, so that its peer learns that this side died.
   */
  void cut() {
    cut = true;
    Sockets.reset(socket);
  }

  boolean isCut() {
    return cut;
  }

  /** What has been moved, in words. */
  String figures() {
    Counters moved = channel.counters();
    String figures =
        "%d bytes to the channel, %d bytes from it"
            .formatted(moved.bytesWritten(), moved.bytesRead());
    long lost = untaken.get();
    return lost == 0 ? figures : figures + ", %d bytes that nobody took".formatted(lost);
  }

  /** Whether a failure is a matter of the client and the service, not of the two who join them. */
  static boolean isOrdinary(Throwable failure) {
    return failure instanceof SocketFailure || failure instanceof PeerClosedException;
  }
}
