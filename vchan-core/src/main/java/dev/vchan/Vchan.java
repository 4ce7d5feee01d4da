// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Backend;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.InterruptibleChannel;
import java.nio.channels.ScatteringByteChannel;
import java.time.Duration;
import java.util.Objects;

/**
 * One end of a vchan: a bidirectional byte channel over two rings in memory shared with another
 * domain. Made by {@link #connect} as a client, by {@link #listen} or {@link VchanListener#accept}
 * as a server; from then on both ends are alike. The server donates the memory, so the side that
 * can better afford it should be the server.
 *
 * <p><b>Threads.</b> Any thread may call any method. Reads take turns with reads and writes with
 * writes, so that a call is never interleaved with another of its kind; a reader and a writer do
 * not hinder each other. Threads may be virtual; they do not hold their carrier while they sleep. A
 * virtual thread that never has to sleep, since the peer is as fast as itself, keeps its carrier:
 * streams at full speed belong on platform threads.
 *
 * <p><b>Waiting.</b> Calls block until they have done what they say, the deadline expires, or the
 * peer is gone. The {@code try} forms never wait. As with every interruptible channel, closing the
 * channel from another thread ends a blocked call with {@link AsynchronousCloseException}, and
 * interrupting a thread that is blocked, or about to block, closes the channel and ends the call
 * with {@link ClosedByInterruptException}.
 *
 * <p><b>The other side</b> sees bytes in the order in which they were written, with no boundaries
 * between writes. When a peer closes its side, everything it wrote before can still be read; then
 * reads return -1. When its process or domain dies instead, everything it had published can still
 * be read; then reads throw {@link PeerDiedException}. That takes a backend that can tell, or a
 * peer that {@linkplain #supportsHalfClose understands half-close}: on Xen the death of a process
 * with libxenvchan looks like a close. Writes fail as soon as the peer is gone. {@link #close}
 * never waits: use {@link #drain} first if the peer may be one that stops reading when it sees the
 * close, as libxenvchan does. The streams drain by themselves.
 *
 * <p><b>Trust.</b> The peer can write to the shared pages at any time. Whatever it puts there, the
 * worst it achieves is to stall or end this channel, with a {@link ProtocolViolationException}.
 * Bytes are copied out before the caller sees them, except by {@link #peek}.
 */
public final class Vchan
    implements ByteChannel, ScatteringByteChannel, GatheringByteChannel, InterruptibleChannel {

  private final DomainId peer;
  private final RendezvousPath path;
  private final Duration drainTimeout;
  private final Link link;
  private final Incoming incoming;
  private final Outgoing outgoing;

  Vchan(
      DomainId peer,
      RendezvousPath path,
      VchanOptions options,
      Link link,
      RingReader reader,
      RingWriter writer) {
    this.peer = peer;
    this.path = path;
    this.drainTimeout = options.drainTimeout();
    this.link = link;
    this.incoming = new Incoming(link, reader, options.waitPolicy());
    this.outgoing = new Outgoing(link, writer, options.waitPolicy());
  }

  /**
   * Connects as a client, at the conventional path of {@code server} for own domain and {@code
   * port}. Waits for a server that is not there yet; an advertisement that a dead server left
   * behind is waited out.
   *
   * @param backend where
   * @param server the domain that listens
   * @param port the name it listens for
   * @param options behaviour of the channel; ring sizes are the server's choice
   * @param deadline when to give up
   * @return a connected channel
   * @throws IllegalArgumentException if the path would be too long for C peers
   * @throws VchanTimeoutException if no server was there in time; the message says what was
   * @throws ProtocolViolationException if a live server's control page cannot be used; the message
   *     has the values
   * @throws ClosedByInterruptException if the thread is interrupted
   * @throws SystemRefusedException if the system has no more of something that is needed
   * @throws IOException if the system fails otherwise
   */
  public static Vchan connect(
      Backend backend, DomainId server, PortName port, VchanOptions options, Deadline deadline)
      throws IOException {
    RendezvousPath path = RendezvousPath.of(server, backend.self(), port);
    return connect(backend, server, path, options, deadline);
  }

  /**
   * Connects as a client, at a path of the caller's choice; see {@link #connect(Backend, DomainId,
   * PortName, VchanOptions, Deadline)}.
   *
   * @param backend where
   * @param server the domain that listens
   * @param path where it advertises
   * @param options behaviour of the channel; ring sizes are the server's choice
   * @param deadline when to give up
   * @return a connected channel
   * @throws VchanTimeoutException if no server was there in time; the message says what was
   * @throws ProtocolViolationException if a live server's control page cannot be used; the message
   *     has the values
   * @throws ClosedByInterruptException if the thread is interrupted
   * @throws SystemRefusedException if the system has no more of something that is needed
   * @throws IOException if the system fails otherwise
   */
  public static Vchan connect(
      Backend backend,
      DomainId server,
      RendezvousPath path,
      VchanOptions options,
      Deadline deadline)
      throws IOException {
    return Connector.connect(backend, server, path, options, deadline);
  }

  /**
   * Listens for one client, at the conventional path for {@code client} and {@code port}. To accept
   * several use {@link VchanListener}.
   *
   * @param backend where
   * @param client the only domain that may connect
   * @param port the name the client asks for
   * @param options ring sizes and behaviour of the channel
   * @param deadline when to give up
   * @return a connected channel
   * @throws IllegalArgumentException if the path would be too long for C peers
   * @throws VchanTimeoutException if no client came in time
   * @throws ClosedByInterruptException if the thread is interrupted
   * @throws SystemRefusedException if another server listens there, or the system has no more of
   *     something that is needed
   * @throws IOException if the system fails otherwise
   */
  public static Vchan listen(
      Backend backend, DomainId client, PortName port, VchanOptions options, Deadline deadline)
      throws IOException {
    Resources accepted = new Resources();
    try (VchanListener listener = VchanListener.open(backend, client, port, options)) {
      return accepted.add(listener.accept(deadline));
    } catch (IOException | RuntimeException | Error e) {
      // Nobody else would: the channel is not the caller's yet when closing the listener fails.
      Resources.closeBecause(e, accepted);
      throw e;
    }
  }

  /**
   * Reads at least one byte, waiting for it if need be, and at most {@code target.remaining()}.
   *
   * @param target where to put the bytes; its position moves by their number
   * @return number of bytes, 1 or more; 0 only if {@code target} has no room; -1 at the end of the
   *     stream, from then on always
   * @throws IllegalArgumentException if {@code target} is read-only
   * @throws IllegalStateException if a {@link #peek} has not been consumed
   * @throws PeerDiedException if the peer died, after everything it had published was read
   * @throws ProtocolViolationException if the peer broke the protocol
   * @throws AsynchronousCloseException if another thread closes the channel meanwhile
   * @throws ClosedByInterruptException if the thread is interrupted; the channel is closed
   * @throws ClosedChannelException if the channel is closed
   * @throws IOException if the system fails
   */
  @Override
  public int read(ByteBuffer target) throws IOException {
    return incoming.read(target, Deadline.NEVER);
  }

  /**
   * As {@link #read(ByteBuffer)}, but gives up at the deadline.
   *
   * @param target where to put the bytes
   * @param deadline when to give up
   * @return number of bytes, or -1 at the end of the stream
   * @throws VchanTimeoutException if no byte came in time
   * @throws IOException as for {@link #read(ByteBuffer)}
   */
  public int read(ByteBuffer target, Deadline deadline) throws IOException {
    return incoming.read(target, deadline);
  }

  /**
   * As {@link #read(ByteBuffer)}, but does not wait.
   *
   * @param target where to put the bytes
   * @return number of bytes; 0 if there are none now, or another thread is reading; -1 at the end
   *     of the stream. After 0 the peer will send an event when it writes
   * @throws IOException as for {@link #read(ByteBuffer)}
   */
  public int tryRead(ByteBuffer target) throws IOException {
    return incoming.read(target, Deadline.POLL);
  }

  /**
   * Reads into several buffers, one after the other; otherwise as {@link #read(ByteBuffer)}.
   *
   * @throws IndexOutOfBoundsException if {@code offset} and {@code length} do not name buffers
   */
  @Override
  public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, targets.length);
    return incoming.read(targets, offset, length, Deadline.NEVER);
  }

  @Override
  public long read(ByteBuffer[] targets) throws IOException {
    return read(targets, 0, targets.length);
  }

  /**
   * Writes all of {@code source}, waiting for space as often as need be.
   *
   * @param source the bytes; its position moves by the number that went into the ring, also if the
   *     call fails
   * @return {@code source.remaining()} as it was
   * @throws PeerClosedException if the peer has closed, or closes meanwhile; says how many bytes of
   *     this call went into the ring, which the peer may or may not have read
   * @throws PeerDiedException if the peer died, with the same count
   * @throws IllegalStateException if a {@link #reserve} has not been committed
   * @throws ProtocolViolationException if the peer broke the protocol
   * @throws AsynchronousCloseException if another thread closes the channel meanwhile
   * @throws ClosedByInterruptException if the thread is interrupted; the channel is closed
   * @throws ClosedChannelException if the channel is closed or its output is shut down
   * @throws IOException if the system fails
   */
  @Override
  public int write(ByteBuffer source) throws IOException {
    return outgoing.write(source, Deadline.NEVER);
  }

  /**
   * As {@link #write(ByteBuffer)}, but gives up at the deadline.
   *
   * @param source the bytes
   * @param deadline when to give up
   * @return number of bytes, all there were
   * @throws VchanTimeoutException if there was not enough space in time; says how many bytes went
   *     into the ring, by which {@code source} has moved
   * @throws IOException as for {@link #write(ByteBuffer)}
   */
  public int write(ByteBuffer source, Deadline deadline) throws IOException {
    return outgoing.write(source, deadline);
  }

  /**
   * As {@link #write(ByteBuffer)}, but writes only what there is space for now.
   *
   * @param source the bytes
   * @return number of bytes written, perhaps 0; then the peer will send an event when it reads
   * @throws IOException as for {@link #write(ByteBuffer)}
   */
  public int tryWrite(ByteBuffer source) throws IOException {
    return outgoing.write(source, Deadline.POLL);
  }

  /**
   * Writes several buffers, one after the other; otherwise as {@link #write(ByteBuffer)}. The peer
   * is told once for all that fits into the ring.
   *
   * @throws IndexOutOfBoundsException if {@code offset} and {@code length} do not name buffers
   */
  @Override
  public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, sources.length);
    return outgoing.write(sources, offset, length, Deadline.NEVER);
  }

  @Override
  public long write(ByteBuffer[] sources) throws IOException {
    return write(sources, 0, sources.length);
  }

  /**
   * Writes all of {@code source} as one packet: the peer sees all of it or nothing, never a part.
   * Packets have no boundaries in the ring; both sides must know their sizes.
   *
   * @param source the bytes, at most {@link #outgoingCapacity}
   * @param deadline when to give up
   * @return {@code source.remaining()} as it was
   * @throws IllegalArgumentException if the packet is larger than the ring; nothing is written
   * @throws VchanTimeoutException if there was not enough space in time; nothing is written
   * @throws IOException as for {@link #write(ByteBuffer)}; nothing is written
   */
  public int send(ByteBuffer source, Deadline deadline) throws IOException {
    return outgoing.send(source, deadline);
  }

  /**
   * As {@link #send}, but does not wait.
   *
   * @param source the bytes, at most {@link #outgoingCapacity}
   * @return whether the packet was written
   * @throws IllegalArgumentException if the packet is larger than the ring
   * @throws IOException as for {@link #write(ByteBuffer)}
   */
  public boolean trySend(ByteBuffer source) throws IOException {
    int bytes = source.remaining();
    return outgoing.send(source, Deadline.POLL) == bytes;
  }

  /**
   * Reads exactly {@code target.remaining()} bytes, or none.
   *
   * @param target where to put the bytes, with room for at most {@link #incomingCapacity}
   * @param deadline when to give up; nothing is taken from the ring then
   * @return the number of bytes, or -1 at the end of the stream
   * @throws IllegalArgumentException if more is wanted than the ring holds, or {@code target} is
   *     read-only
   * @throws PeerClosedException if the peer has closed and left fewer bytes; says how many, and
   *     they can be had by {@link #read(ByteBuffer)}
   * @throws PeerDiedException the same if it died
   * @throws VchanTimeoutException if not all the bytes came in time
   * @throws IOException as for {@link #read(ByteBuffer)}
   */
  public int receive(ByteBuffer target, Deadline deadline) throws IOException {
    return incoming.receive(target, deadline);
  }

  /**
   * As {@link #receive}, but does not wait.
   *
   * @param target where to put the bytes
   * @return the number of bytes; 0 if not all of them are there; -1 at the end of the stream
   * @throws IOException as for {@link #receive}
   */
  public int tryReceive(ByteBuffer target) throws IOException {
    return incoming.receive(target, Deadline.POLL);
  }

  /**
   * Waits for data and shows it as it lies in the ring, without copying. {@link #consume} gives it
   * back; until then other reads fail.
   *
   * <p>The peer can change these bytes while they are looked at. Whoever parses them must not rely
   * on a byte being the same twice.
   *
   * @param deadline when to give up
   * @return a read-only view of the bytes that lie in one piece, at least one; empty at the end of
   *     the stream. To be used until {@link #consume} or {@link #close}; after a close an access
   *     throws {@link IllegalStateException}, or in one process meets memory that nobody else uses
   * @throws VchanTimeoutException if no byte came in time
   * @throws IOException as for {@link #read(ByteBuffer)}
   */
  public ByteBuffer peek(Deadline deadline) throws IOException {
    return incoming.peek(deadline);
  }

  /**
   * Gives the first bytes of what was peeked at back to the peer, as if they had been read.
   *
   * @param bytes how many, 0 to what the view held; 0 only ends the peek
   * @throws IllegalStateException if nothing was peeked at
   * @throws IllegalArgumentException if there were fewer bytes
   * @throws IOException as for {@link #read(ByteBuffer)}
   */
  public void consume(int bytes) throws IOException {
    incoming.consume(bytes);
  }

  /**
   * Waits for space and shows it as it lies in the ring, to be filled without copying. {@link
   * #commit} publishes it; until then other writes fail.
   *
   * @param deadline when to give up
   * @return a view of the space that lies in one piece, at least one byte. To be used until {@link
   *     #commit} or {@link #close}; after a close an access throws {@link IllegalStateException},
   *     or in one process meets memory that nobody else uses
   * @throws VchanTimeoutException if there was no space in time
   * @throws IOException as for {@link #write(ByteBuffer)}
   */
  public ByteBuffer reserve(Deadline deadline) throws IOException {
    return outgoing.reserve(deadline);
  }

  /**
   * Publishes the first bytes of the reserved space, as if they had been written. What was put
   * behind them is lost: space has no content.
   *
   * @param bytes how many, 0 to what the view held; 0 only ends the reservation
   * @throws IllegalStateException if nothing is reserved
   * @throws IllegalArgumentException if less was reserved
   * @throws IOException as for {@link #write(ByteBuffer)}
   */
  public void commit(int bytes) throws IOException {
    outgoing.commit(bytes);
  }

  /**
   * Waits until a read would not wait, because there is data or the end of the stream.
   *
   * @param deadline when to give up
   * @return true
   * @throws VchanTimeoutException if nothing came in time
   * @throws IOException as for {@link #read(ByteBuffer)}
   */
  public boolean awaitReadable(Deadline deadline) throws IOException {
    return incoming.awaitReadable(deadline);
  }

  /**
   * Waits until a write of {@code bytes} would not wait, because there is space or the peer is
   * gone.
   *
   * @param bytes 1 to {@link #outgoingCapacity}
   * @param deadline when to give up
   * @return true
   * @throws IllegalArgumentException if {@code bytes} is out of range
   * @throws VchanTimeoutException if there was not enough space in time
   * @throws IOException as for {@link #write(ByteBuffer)}
   */
  public boolean awaitWritable(int bytes, Deadline deadline) throws IOException {
    return outgoing.awaitWritable(bytes, deadline);
  }

  /**
   * Bytes that can be read at this moment. Only looks: asks the peer for nothing.
   *
   * @return 0 to {@link #incomingCapacity}
   * @throws ProtocolViolationException if the peer broke the protocol
   * @throws IOException if the channel is closed
   */
  public int dataReady() throws IOException {
    return look(incoming);
  }

  /**
   * Bytes that can be written at this moment without waiting. Only looks: asks the peer for
   * nothing.
   *
   * @return 0 to {@link #outgoingCapacity}
   * @throws ProtocolViolationException if the peer broke the protocol
   * @throws IOException if the channel is closed
   */
  public int bufferSpace() throws IOException {
    return look(outgoing);
  }

  private int look(Direction direction) throws IOException {
    link.checkOpen();
    try {
      return direction.glance();
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    }
  }

  /**
   * Size of the ring this side reads from.
   *
   * @return bytes, a power of two from 1,024 to 1,048,576
   */
  public int incomingCapacity() {
    return incoming.capacity;
  }

  /**
   * Size of the ring this side writes to.
   *
   * @return bytes, a power of two from 1,024 to 1,048,576
   */
  public int outgoingCapacity() {
    return outgoing.capacity;
  }

  /**
   * Waits until the peer has read everything that was written.
   *
   * @param deadline when to give up
   * @throws VchanTimeoutException if the peer has not read everything in time; says how much is
   *     left
   * @throws PeerClosedException if the peer has closed and left bytes unread
   * @throws PeerDiedException the same if it died
   * @throws IOException as for {@link #write(ByteBuffer)}
   */
  public void drain(Deadline deadline) throws IOException {
    outgoing.drain(deadline);
  }

  /**
   * Whether both sides understand half-close, an extension that libxenvchan and ocaml-vchan do not
   * have.
   *
   * @return whether {@link #shutdownOutput} keeps the other direction open
   */
  public boolean supportsHalfClose() {
    return link.halfClose();
  }

  /**
   * Ends own output: the peer reads what was written, and then the end of the stream, while it can
   * go on writing. A write that is blocked in another thread fails with {@link
   * ClosedChannelException}. With a peer that does not understand half-close the whole channel is
   * closed instead, since that is the only end such a peer knows.
   *
   * <p>Cuts short what waits for space, but not a {@link #drain} in another thread: it waits until
   * that one ends.
   *
   * @return whether the channel is still open for reading; false if it was closed
   * @throws IOException if the channel is closed or failed
   */
  public boolean shutdownOutput() throws IOException {
    if (link.halfClose()) {
      outgoing.shut();
      return true;
    }
    link.checkOpen();
    close();
    return false;
  }

  /**
   * Ends own input: reads return -1 from here on, and what still comes is taken from the ring and
   * thrown away, so that the peer is not held up. The peer sees nothing of this.
   *
   * @throws IOException if the channel is closed or failed
   */
  public void shutdownInput() throws IOException {
    incoming.shut();
  }

  /**
   * This channel as a stream of the bytes to read. Closing the stream drains what was written, for
   * at most the drain timeout of the options, and closes the channel.
   *
   * @return a stream; {@code available} is {@link #dataReady}
   */
  public InputStream inputStream() {
    return new VchanInputStream(this);
  }

  /**
   * This channel as a stream of bytes to write. Every write goes into the ring at once; {@code
   * flush} has nothing to do. Closing the stream waits until the peer has read everything, for at
   * most the drain timeout of the options, and closes the channel.
   *
   * @return a stream; its {@code close} throws {@link VchanTimeoutException} if the peer has not
   *     read everything in time
   */
  public OutputStream outputStream() {
    return new VchanOutputStream(this);
  }

  /** What closing a stream does: nothing written before it is lost. */
  void drainAndClose() throws IOException {
    if (!isOpen()) {
      return;
    }
    try (this) {
      if (link.state() == VchanState.CONNECTED) {
        drain(Deadline.after(drainTimeout));
      }
    }
  }

  /**
   * Where the channel stands, as seen now. Never throws.
   *
   * @return the state
   */
  public VchanState state() {
    return link.state();
  }

  /**
   * What the channel has done so far. Counting costs an addition a call.
   *
   * @return a snapshot
   */
  public Counters counters() {
    Tally in = incoming.tally;
    Tally out = outgoing.tally;
    return new Counters(
        in.bytes,
        out.bytes,
        in.calls,
        out.calls,
        in.eventsSent + out.eventsSent,
        link.eventsSeen(),
        in.sleeps + out.sleeps,
        in.endedByPeriod + out.endedByPeriod);
  }

  /**
   * The other domain.
   *
   * @return its id
   */
  public DomainId peer() {
    return peer;
  }

  /**
   * Where the two sides met.
   *
   * @return the path
   */
  public RendezvousPath path() {
    return path;
  }

  /** Whether this side is open; says nothing about the peer, for which see {@link #state}. */
  @Override
  public boolean isOpen() {
    return !link.isClosed();
  }

  /**
   * Closes this side: blocked calls of other threads end, the peer is told, and everything is given
   * back before this returns. The peer can still read what was written. Does not wait for it to do
   * so; see {@link #drain}. Idempotent.
   *
   * @throws IOException if the system fails; the channel is closed all the same
   */
  @Override
  public void close() throws IOException {
    link.close();
  }

  @Override
  public String toString() {
    return "Vchan[peer=" + peer + ", path=" + path + ", state=" + state() + "]";
  }
}
