// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.EventChannel;
import dev.vchan.spi.MemoryBarrier;
import dev.vchan.spi.MemoryFaults;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What both directions of a channel share: the control page, the event channel, whose turn it is,
 * and who is still there. May be used from any thread.
 *
 * <p>Own liveness is private to this object; the byte in the page that says so is for the peer and
 * is never read. What is known of the peer only ever gets worse: once gone, gone.
 */
final class Link {

  final ControlPage page;
  final Turn readers = new Turn(this);
  final Turn writers = new Turn(this);

  private final EventChannel events;
  private final Resources resources;
  private final LookPeriod lookPeriod;
  private final boolean persistent;
  private final Extensions agreed;

  private final ReentrantLock closing = new ReentrantLock();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicReference<@Nullable ProtocolViolationException> violation =
      new AtomicReference<>();
  private volatile boolean peerGone;
  private volatile boolean peerDied;

  /**
   * Joins the parts of a connected channel.
   *
   * @param agreed what both sides understand
   */
  Link(
      ControlPage page,
      EventChannel events,
      Resources resources,
      VchanOptions options,
      Extensions agreed) {
    this.page = page;
    this.events = events;
    this.resources = resources;
    this.lookPeriod = new LookPeriod(options.lookPeriod());
    this.persistent = options.persistent();
    this.agreed = agreed;
  }

  /** For a call that begins. */
  void checkOpen() throws IOException {
    if (closed.get()) {
      throw new ClosedChannelException();
    }
    checkViolation();
  }

  /** For a call that was under way and may have been overtaken by a close. */
  void checkStillOpen() throws IOException {
    if (closed.get()) {
      throw new AsynchronousCloseException();
    }
    checkViolation();
  }

  private void checkViolation() throws ProtocolViolationException {
    ProtocolViolationException found = violation.get();
    if (found != null) {
      throw found;
    }
  }

  /** Closes the channel if the calling thread is interrupted, as every channel does. */
  void checkInterrupt() throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      close();
      throw new ClosedByInterruptException();
    }
  }

  /** Events so far; to be sampled before the look that a wait follows. */
  long eventsSeen() {
    return events.received();
  }

  /**
   * Sleeps until an event newer than {@code seen}, or until the end of a look period.
   *
   * @param done bytes of this call that a timeout reports as transferred
   * @return false if no event came until a period ended
   */
  boolean sleep(long seen, Deadline deadline, Tally tally, long done) throws IOException {
    checkInterrupt();
    long left = deadline.remainingNanos();
    if (left == 0) {
      throw new VchanTimeoutException("timed out, " + done + " bytes transferred", done);
    }
    long untilLook = lookPeriod.left();
    tally.sleeps++;
    boolean event = events.await(seen, Math.min(left, untilLook));
    checkInterrupt();
    if (event) {
      return true;
    }
    // Also when it is the deadline that ends the wait: a caller whose every deadline is shorter
    // than a period would otherwise never learn that the peer is dead.
    lookAtPeer();
    return left <= untilLook;
  }

  /** Asks the backend about the peer, whose live byte may outlive it. */
  private void lookAtPeer() {
    switch (events.peer()) {
      case BOUND, UNKNOWN -> {}
      case UNBOUND -> markPeerGone(false);
      case DIED -> markPeerGone(true);
    }
  }

  /** Tells the peer to look. */
  void sendEvent(Tally tally) throws IOException {
    tally.eventsSent++;
    events.send();
  }

  /** Makes own waiters look. */
  void wakeOwn() {
    events.wake();
  }

  /**
   * Whether the peer's side is gone. If so, what it published before is in the ring, and the caller
   * looks there once more before it concludes anything from this.
   */
  boolean peerGone() throws ProtocolViolationException {
    if (peerGone) {
      return true;
    }
    int live = page.peerLive();
    if (live == ControlPage.LIVE) {
      return false;
    }
    // Before it is believed for good: what a fault loaded is not what the peer said.
    MemoryFaults.surface();
    if (live != ControlPage.GONE) {
      throw new ProtocolViolationException(
          "the peer's live byte is " + live + ", must be 0 or 1 once it is connected");
    }
    boolean died =
        switch (events.peer()) {
          case DIED -> true;
          case UNKNOWN -> goneWithoutClosing();
          // Who can tell would have told.
          case BOUND, UNBOUND -> false;
        };
    markPeerGone(died);
    return peerGone;
  }

  /** Of a peer whose live byte is 0, which the kernel clears for a process that dies. */
  private boolean goneWithoutClosing() {
    boolean died = agreed.halfClose() && page.peerKnowsHalfClose();
    MemoryFaults.surface();
    return died;
  }

  /**
   * Whether the peer has announced its last byte. If so, that byte is in the ring, and the caller
   * looks there once more.
   */
  boolean peerEnded() {
    if (!agreed.halfClose() || !page.peerEnded()) {
      return false;
    }
    MemoryFaults.surface();
    return true;
  }

  /** Whether both sides understand half-close. */
  boolean halfClose() {
    return agreed.halfClose();
  }

  /** What is made between a request and the second look; empty if fences do. */
  Optional<MemoryBarrier> barrier() {
    return agreed.barrier();
  }

  private void markPeerGone(boolean died) {
    if (!persistent) {
      // The reason first: whoever sees that the peer is gone also sees why.
      peerDied = died;
      peerGone = true;
    }
  }

  /** After the peer was found gone: why a call that needs it cannot go on. */
  VchanException peerGoneException(String what, long done) {
    return peerDied
        ? new PeerDiedException("the peer died: " + what, done)
        : new PeerClosedException("the peer has closed: " + what, done);
  }

  /** Whether the peer went without closing its side. */
  boolean peerDied() {
    return peerDied;
  }

  /**
   * What a call that met {@code cause} in the shared pages throws. A violation ends the channel:
   * the peer is told, and every later call throws the same.
   */
  IOException failed(Throwable cause) {
    if (closed.get()) {
      return new AsynchronousCloseException();
    }
    if (cause instanceof IllegalStateException own) {
      if (page.isMapped()) {
        throw own;
      }
      // The backend was closed under this channel, and has taken the pages back.
      return new AsynchronousCloseException();
    }
    ProtocolViolationException found =
        cause instanceof ProtocolViolationException known
            ? known
            : new ProtocolViolationException(
                "the shared pages cannot be accessed any more: their file was truncated", cause);
    ProtocolViolationException first = violation.compareAndExchange(null, found);
    if (first != null) {
      // A reader and a writer can each find a violation at the same moment: only the first counts.
      return first;
    }
    page.leave(agreed.halfClose());
    try {
      events.send();
    } catch (IOException | RuntimeException e) {
      found.addSuppressed(e);
    }
    events.wake();
    return found;
  }

  VchanState state() {
    if (closed.get()) {
      return VchanState.CLOSED;
    }
    try {
      checkViolation();
      if (!peerGone()) {
        MemoryFaults.surface();
        return VchanState.CONNECTED;
      }
      return peerDied ? VchanState.PEER_DIED : VchanState.PEER_CLOSED;
    } catch (ProtocolViolationException | InternalError e) {
      return VchanState.FAILED;
    } catch (IllegalStateException e) {
      return VchanState.CLOSED;
    }
  }

  boolean isClosed() {
    return closed.get();
  }

  /**
   * Closes this side: wakes own calls, lets them leave, tells the peer, gives everything back. A
   * second call does nothing, but returns only when the first has done all this.
   *
   * <p>The turns are taken so that no byte of a call in progress is published after the live byte
   * says "gone", and no memory is accessed after it was given back. Whoever has a turn leaves
   * within the time of one copy, or as soon as it has a processor: it looks whether the channel is
   * closed after every copy, every pause and every sleep, and it slept with a sample of the event
   * counter from before that look, so the wake below is not lost.
   *
   * <p>The caller may be inside a call itself (an interrupt closes from there); turns are
   * reentrant. It then must not wait for another thread that closes, which may be waiting for its
   * turn.
   */
  void close() throws IOException {
    if (readers.isOurs() || writers.isOurs()) {
      if (!closing.tryLock()) {
        return;
      }
    } else {
      closing.lock();
    }
    try {
      if (closed.compareAndSet(false, true)) {
        events.wake();
        release();
      }
    } finally {
      closing.unlock();
    }
  }

  private void release() throws IOException {
    readers.takeToClose();
    try {
      writers.takeToClose();
      try {
        resources.add(this::sayGoodbye);
        resources.close();
      } finally {
        writers.leave();
      }
    } finally {
      readers.leave();
    }
  }

  private void sayGoodbye() throws IOException {
    if (violation.get() != null) {
      // Said already.
      return;
    }
    page.leave(agreed.halfClose());
    events.send();
  }
}
