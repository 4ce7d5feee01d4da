// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.MemoryFaults;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;

/** The direction from us to the peer: every way to write. */
final class Outgoing extends Direction {

  /** In the time of a longer message, the one line that its fence may wait for weighs little. */
  private static final int SMALL = 256;

  private final RingWriter ring;
  private volatile boolean shut;
  private boolean draining;
  private int reserved;

  Outgoing(Link link, RingWriter ring, WaitPolicy policy) {
    super(link, link.writers, ring.capacity(), policy, ControlPage.READ, ControlPage.WRITE);
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
    return (shut && !draining) || link.peerGone();
  }

  /** Writes everything; less only if polling. */
  int write(ByteBuffer source, Deadline deadline) throws IOException {
    int total = source.remaining();
    if (total == 0 || !take(deadline)) {
      checkTakes();
      return 0;
    }
    try {
      int done = 0;
      while (done < total) {
        int space = awaitSpace(1, total - done, deadline, done);
        if (space == 0) {
          break;
        }
        int bytes = Math.min(space, total - done);
        put(source, bytes);
        done += bytes;
      }
      tally.calls++;
      return done;
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** As {@link #write(ByteBuffer, Deadline)}, from several buffers, with one publish a ringful. */
  long write(ByteBuffer[] sources, int first, int count, Deadline deadline) throws IOException {
    long total = 0;
    for (int i = first; i < first + count; i++) {
      total += sources[i].remaining();
    }
    if (total == 0) {
      checkTakes();
      return 0;
    }
    take(deadline);
    try {
      long done = 0;
      int next = first;
      // The second condition is for a buffer that occurs twice, which has its bytes only once.
      while (done < total && next < first + count) {
        int wanted = (int) Math.min(total - done, Integer.MAX_VALUE);
        int space = awaitSpace(1, wanted, deadline, done);
        int put = 0;
        while (put < space && next < first + count) {
          int bytes = Math.min(space - put, sources[next].remaining());
          ring.copyFrom(put, sources[next], bytes);
          put += bytes;
          if (!sources[next].hasRemaining()) {
            next++;
          }
        }
        publish(put);
        done += put;
      }
      tally.calls++;
      return done;
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** Writes all of {@code source} so that the peer sees all of it or nothing; 0 only if polling. */
  int send(ByteBuffer source, Deadline deadline) throws IOException {
    int total = source.remaining();
    if (total > ring.capacity()) {
      throw new IllegalArgumentException(
          "cannot send %d bytes at once: the outgoing ring holds %d"
              .formatted(total, ring.capacity()));
    }
    if (total == 0 || !take(deadline)) {
      checkTakes();
      return 0;
    }
    try {
      if (awaitSpace(total, total, deadline, 0) < total) {
        return 0;
      }
      ring.copyFrom(0, source, total);
      publish(total);
      tally.calls++;
      return total;
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** Waits for space and shows it. */
  ByteBuffer reserve(Deadline deadline) throws IOException {
    take(deadline);
    try {
      awaitSpace(1, ring.capacity(), deadline, 0);
      MemoryFaults.surface();
      ByteBuffer view = ring.view();
      reserved = view.remaining();
      return view;
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** Publishes the first bytes of what was reserved. */
  void commit(int bytes) throws IOException {
    take(Deadline.NEVER);
    try {
      if (reserved == 0) {
        throw new IllegalStateException("nothing is reserved");
      }
      if (bytes < 0 || bytes > reserved) {
        throw new IllegalArgumentException(
            "cannot commit %d bytes: %d are reserved".formatted(bytes, reserved));
      }
      reserved = 0;
      if (bytes > 0) {
        checkPeer(0);
        publish(bytes);
        tally.calls++;
      }
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** Waits until there is space for {@code bytes}, or a write would fail at once. */
  boolean awaitWritable(int bytes, Deadline deadline) throws IOException {
    if (bytes < 1 || bytes > ring.capacity()) {
      throw new IllegalArgumentException(
          "cannot wait for %d bytes of space: must be 1 to %d".formatted(bytes, ring.capacity()));
    }
    take(deadline);
    try {
      boolean writable = ring.known() >= bytes || await(bytes, deadline, 0) >= bytes || ended;
      MemoryFaults.surface();
      return writable;
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  /** Waits until the peer has taken everything. */
  void drain(Deadline deadline) throws IOException {
    turn.take(deadline);
    try {
      draining = true;
      int space = await(ring.capacity(), deadline, 0);
      MemoryFaults.surface();
      if (space < ring.capacity()) {
        throw link.peerGoneException((ring.capacity() - space) + " bytes were never read", 0);
      }
    } catch (VchanTimeoutException e) {
      throw new VchanTimeoutException(
          "timed out: the peer has not read " + (ring.capacity() - ring.known()) + " bytes", 0);
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      draining = false;
      turn.leave();
    }
  }

  /**
   * Announces that no more bytes follow. A writer that waits for space is cut short first: the
   * announcement must come after the last byte that is published.
   */
  void shut() throws IOException {
    link.checkOpen();
    if (shut) {
      return;
    }
    shut = true;
    link.wakeOwn();
    turn.take(Deadline.NEVER);
    try {
      link.page.announceEnd();
      MemoryFaults.surface();
      link.sendEvent(tally);
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    } finally {
      turn.leave();
    }
  }

  private boolean take(Deadline deadline) throws IOException {
    if (shut) {
      link.checkOpen();
      throw new ClosedChannelException();
    }
    if (!turn.take(deadline)) {
      return false;
    }
    if (shut) {
      // Shut while this call waited for its turn: the end has been announced, or is about to be,
      // and a byte written after it would be lost.
      turn.leave();
      link.checkOpen();
      throw new ClosedChannelException();
    }
    return true;
  }

  /** For a call that writes nothing: it fails all the same if a write would. */
  private void checkTakes() throws IOException {
    link.checkOpen();
    if (shut) {
      throw new ClosedChannelException();
    }
    try {
      checkPeer(0);
      MemoryFaults.surface();
    } catch (ProtocolViolationException | IllegalStateException | InternalError e) {
      throw link.failed(e);
    }
  }

  private int awaitSpace(int need, int wanted, Deadline deadline, long done) throws IOException {
    if (reserved > 0) {
      throw new IllegalStateException("a reservation is open: commit it first");
    }
    if (done > 0) {
      // A peer that reads fast enough never lets this call sleep; a close must end it all the same.
      link.checkStillOpen();
    }
    checkPeer(done);
    int known = ring.known();
    if (known >= wanted) {
      return known;
    }
    int space = await(need, deadline, done);
    if (ended) {
      checkPeer(done);
      throw new ClosedChannelException();
    }
    return space;
  }

  private void checkPeer(long done) throws VchanException {
    if (link.peerGone()) {
      throw link.peerGoneException(done + " bytes of this call were written", done);
    }
  }

  /** Copies in and lets the peer see, a piece at a time, and answers once for all of them. */
  private void put(ByteBuffer source, int bytes) throws IOException {
    int moved = 0;
    try {
      while (moved < bytes) {
        int some = Math.min(bytes - moved, piece);
        ring.copyFrom(0, source, some);
        ring.publish(some);
        moved += some;
      }
    } finally {
      // Also when the source fails under the copy, as memory does that another thread gives back:
      // what the peer can see by then it must be told of.
      if (moved > 0) {
        published(moved);
      }
    }
    prepare(bytes);
  }

  private void publish(int bytes) throws IOException {
    ring.publish(bytes);
    published(bytes);
    prepare(bytes);
  }

  /** After a small message: for the next one, while the peer is busy with this. */
  private void prepare(int bytes) {
    if (bytes <= SMALL && ring.claim()) {
      MemoryFaults.surface();
    }
  }
}
