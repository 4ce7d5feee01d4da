// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.MemoryFaults;
import dev.vchan.spi.Parking;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The direction from the peer to us: every way to read. */
final class Incoming extends Direction {

  /** Between tries of the discarder, where the system refuses what it needs. */
  private static final long REFUSED_NANOS = 100_000_000;

  private static final int END_OF_STREAM = -1;

  private final RingReader ring;
  private volatile boolean shut;
  private boolean endOfStream;
  private int peeked;
  private boolean discarding;
  private final Tally discarded = new Tally();

  Incoming(Link link, RingReader ring, WaitPolicy policy) {
    super(link, link.readers, ring.capacity(), policy, ControlPage.WRITE, ControlPage.READ);
    this.ring = ring;
  }

  @Override
  int look() throws ProtocolViolationException {
    return ring.look();
  }

  @Override
  int estimate() {
    return ring.estimate();
  }

  @Override
  boolean over() throws ProtocolViolationException {
    return (shut && !discarding) || link.peerEnded() || link.peerGone();
  }

  /** Reads what there is, at least one byte; -1 at the end of the stream, 0 only if polling. */
  int read(ByteBuffer target, Deadline deadline) throws IOException {
    checkWritable(target);
    if (!target.hasRemaining()) {
      link.checkOpen();
      return 0;
    }
    if (shut) {
      link.checkOpen();
      return END_OF_STREAM;
    }
    if (!turn.take(deadline)) {
      return 0;
    }
    try {
      int ready = awaitSome(target.remaining(), deadline);
      if (ready == 0) {
        return nothing();
      }
      int bytes = Math.min(ready, target.remaining());
      take(target, bytes);
      return bytes;
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** As {@link #read(ByteBuffer, Deadline)}, into several buffers, with one release at the end. */
  long read(ByteBuffer[] targets, int first, int count, Deadline deadline) throws IOException {
    int wanted = 0;
    for (int i = first; i < first + count; i++) {
      checkWritable(targets[i]);
      wanted = saturatedAdd(wanted, targets[i].remaining());
    }
    if (wanted == 0) {
      link.checkOpen();
      return 0;
    }
    if (shut) {
      link.checkOpen();
      return END_OF_STREAM;
    }
    turn.take(deadline);
    try {
      int ready = awaitSome(wanted, deadline);
      if (ready == 0) {
        return nothing();
      }
      int done = 0;
      for (int i = first; i < first + count && done < ready; i++) {
        int bytes = Math.min(ready - done, targets[i].remaining());
        ring.copyTo(done, targets[i], bytes);
        done += bytes;
      }
      release(done);
      return done;
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** Reads exactly what {@code target} has room for, or nothing. */
  int receive(ByteBuffer target, Deadline deadline) throws IOException {
    checkWritable(target);
    int wanted = target.remaining();
    if (wanted > ring.capacity()) {
      throw new IllegalArgumentException(
          "cannot receive %d bytes at once: the incoming ring holds %d"
              .formatted(wanted, ring.capacity()));
    }
    if (wanted == 0) {
      link.checkOpen();
      return 0;
    }
    if (shut) {
      link.checkOpen();
      return END_OF_STREAM;
    }
    if (!turn.take(deadline)) {
      return 0;
    }
    try {
      int ready = awaitAll(wanted, deadline);
      if (ready == 0) {
        return nothing();
      }
      if (ready < wanted) {
        return tooFew(ready, wanted);
      }
      ring.copyTo(0, target, wanted);
      release(wanted);
      return wanted;
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** Shows what there is without copying; an empty buffer at the end of the stream. */
  ByteBuffer peek(Deadline deadline) throws IOException {
    turn.take(deadline);
    try {
      if (shut || awaitSome(ring.capacity(), deadline) == 0) {
        if (!shut) {
          nothing();
        }
        return ByteBuffer.allocate(0);
      }
      MemoryFaults.surface();
      ByteBuffer view = ring.view();
      peeked = view.remaining();
      return view;
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** Gives back the first bytes of what was peeked at. */
  void consume(int bytes) throws IOException {
    turn.take(Deadline.NEVER);
    try {
      if (peeked == 0) {
        throw new IllegalStateException("nothing was peeked at");
      }
      // Against what was shown, not against what the page says by now: a peer that takes bytes back
      // must not make its reader's call look wrong.
      if (bytes < 0 || bytes > peeked) {
        throw new IllegalArgumentException(
            "cannot consume %d bytes: %d were there".formatted(bytes, peeked));
      }
      peeked = 0;
      // Once the input is shut the bytes are the discarder's, who may have released them already.
      if (bytes > 0 && !shut) {
        release(bytes);
      }
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** Waits until a read would not wait. */
  boolean awaitReadable(Deadline deadline) throws IOException {
    turn.take(deadline);
    try {
      boolean readable = awaitSome(1, deadline) > 0 || ended;
      MemoryFaults.surface();
      return readable;
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** Own reads see the end of the stream from here on; what still comes is thrown away. */
  void shut() throws IOException {
    link.checkOpen();
    if (shut) {
      return;
    }
    shut = true;
    link.wakeOwn();
    Thread.ofVirtual().name("vchan-discard").start(this::discard);
  }

  /** Somebody has to take the bytes that nobody wants, or the peer's writer would block. */
  private void discard() {
    try {
      while (discardOrSleep()) {}
    } catch (IOException | IllegalStateException e) {
      // The channel was closed or failed: there is nothing left to discard, and whoever uses the
      // channel meets the reason in the next call.
      return;
    }
  }

  /** Whether more may come. */
  private boolean discardOrSleep() throws IOException {
    // Sampled before the look: an event that comes after it ends the sleep at once.
    long seen = link.eventsSeen();
    try {
      int taken = discardSome();
      if (taken == 0) {
        link.sleep(seen, Deadline.NEVER, discarded, 0);
      }
      return taken >= 0;
    } catch (SystemRefusedException e) {
      // Nobody else takes these bytes, and the channel is open: later, perhaps.
      Parking.pause(this, REFUSED_NANOS);
      return true;
    }
  }

  /**
   * Takes what is there. The turn is not kept: whoever waits for it, a reader that was overtaken by
   * the shut or the close of the channel, must not wait for the peer.
   *
   * @return number of bytes, or -1 if no more will come
   */
  private int discardSome() throws IOException {
    turn.take(Deadline.NEVER);
    try {
      discarding = true;
      // A reader may have left it set when it saw that the input is shut.
      ended = false;
      int ready = await(1, Deadline.POLL, 0);
      if (ready > 0) {
        release(ready);
      }
      return ready == 0 && ended ? END_OF_STREAM : ready;
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      discarding = false;
      turn.leave();
    }
  }

  private int awaitSome(int wanted, Deadline deadline) throws IOException {
    checkNotPeeked();
    if (endOfStream) {
      // Whatever the page says by now: the end of a stream is final.
      return 0;
    }
    // What was seen last time suffices if it fills the buffer; otherwise a look may find more.
    int known = ring.known();
    return known >= wanted ? known : await(1, deadline, 0);
  }

  private int awaitAll(int wanted, Deadline deadline) throws IOException {
    checkNotPeeked();
    int known = ring.known();
    return known >= wanted || endOfStream ? known : await(wanted, deadline, 0);
  }

  /** Copies out and gives the space back, a piece at a time, and answers once for all of them. */
  private void take(ByteBuffer target, int bytes) throws IOException {
    int moved = 0;
    try {
      while (moved < bytes) {
        int some = Math.min(bytes - moved, piece);
        ring.copyTo(0, target, some);
        ring.release(some);
        moved += some;
      }
    } finally {
      // Also when the target fails under the copy: the peer may sleep until it is told.
      if (moved > 0) {
        released(moved);
      }
    }
  }

  private void release(int bytes) throws IOException {
    ring.release(bytes);
    released(bytes);
  }

  private void released(int bytes) throws IOException {
    tally.calls++;
    published(bytes);
  }

  /**
   * What a read with nothing to return says: the wait for the first byte has ended, or it polled.
   */
  private int nothing() throws VchanException {
    if (!ended && !endOfStream) {
      return 0;
    }
    endOfStream = true;
    if (link.peerDied() && !shut && !link.peerEnded()) {
      throw link.peerGoneException("everything it had written has been read", 0);
    }
    return END_OF_STREAM;
  }

  private int tooFew(int ready, int wanted) throws VchanException {
    if (!ended) {
      return 0;
    }
    if (shut) {
      return END_OF_STREAM;
    }
    throw link.peerGoneException(
        "%d of the %d bytes wanted are left, to be had by read".formatted(ready, wanted), ready);
  }

  private void checkNotPeeked() {
    if (peeked > 0) {
      throw new IllegalStateException("a peek is open: consume it first");
    }
  }

  private static void checkWritable(ByteBuffer target) {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("read-only buffer");
    }
  }

  static int saturatedAdd(int sum, int more) {
    return sum + more < 0 ? Integer.MAX_VALUE : sum + more;
  }
}
