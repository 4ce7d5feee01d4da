// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.MemoryBarrier;
import dev.vchan.spi.MemoryFaults;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a channel: how a call waits for the ring to allow what it wants. The subclasses
 * say what is waited for.
 *
 * <p>A call lets faults of the shared memory surface before it returns what it has found, and
 * before it goes to sleep over it.
 *
 * <p>The two rules of the protocol that lose no wake-up are here. <em>Ask, then look again</em>: a
 * side that is about to sleep asks for an event, looks once more and only then sleeps. <em>Publish,
 * then answer</em>: a side that moved its index looks afterwards whether it was asked.
 */
abstract class Direction {

  /** Below this, letting the other side know costs more than it gains. */
  private static final int LEAST_PIECE = 4 << 10;

  private static final int MOST_PIECE = 64 << 10;

  private static final int PIECES_A_RING = 4;

  /** Size of the ring in bytes. */
  final int capacity;

  final Link link;
  final Turn turn;
  final Tally tally = new Tally();

  /** Whether the last wait ended because this direction is over; set after the final look. */
  boolean ended;

  /**
   * What a call copies before it lets the other side know. With a whole ring at a time the two
   * sides would copy in turns; so they copy at the same time.
   */
  final int piece;

  private final WaitPolicy.Spinner spinner;
  private final int request;
  private final int answer;
  private final @Nullable MemoryBarrier barrier;

  /** Whether a request was made that no barrier has followed yet. */
  private boolean barrierIsDue;

  Direction(Link link, Turn turn, int capacity, WaitPolicy policy, int request, int answer) {
    this.link = link;
    this.turn = turn;
    this.capacity = capacity;
    this.piece = Math.clamp(capacity / PIECES_A_RING, LEAST_PIECE, MOST_PIECE);
    this.spinner = policy.newSpinner();
    this.request = request;
    this.answer = answer;
    this.barrier = link.barrier().orElse(null);
  }

  /** Bytes the ring has for this direction, by what the page says now. */
  abstract int look() throws ProtocolViolationException;

  /** As {@link #look}, for a caller without the turn: from 0 to the capacity, whatever it sees. */
  abstract int estimate();

  /** Whether nothing will change any more: the caller looks once more, and then knows. */
  abstract boolean over() throws ProtocolViolationException;

  /**
   * Waits until there are at least {@code need} bytes.
   *
   * @param done bytes of this call that a timeout reports as transferred
   * @return what there is; less than {@code need} only if this direction is over, or {@code
   *     deadline} is {@link Deadline#POLL}
   */
  final int await(int need, Deadline deadline, long done) throws IOException {
    int found = deadline == Deadline.POLL ? look() : lookUnhurriedly();
    if (found >= need) {
      return found;
    }
    if (deadline != Deadline.POLL) {
      found = spin(need, deadline);
    }
    boolean overdue = false;
    while (found < need) {
      // Sampled before the looks: an event that comes after them is newer than this, so the sleep
      // below returns at once.
      long seen = link.eventsSeen();
      link.checkStillOpen();
      barrierIsDue |= link.page.ask(request);
      if (barrier != null && barrierIsDue) {
        // The peer publishes without a fence. Of what it publishes, this side sees the index below,
        // or the peer sees the request, for as long as that stands.
        barrier.everywhere();
        barrierIsDue = false;
      }
      // The second look. The peer may have moved its index after the first look and before it could
      // see the request; it then sends no event, and only this look finds out.
      found = look();
      if (found < need && over()) {
        // The final look. The peer may have moved its index and then gone, both after the look
        // above: what it published before it went must not be lost.
        found = look();
        MemoryFaults.surface();
        ended = true;
        return found;
      }
      if (found >= need || deadline == Deadline.POLL) {
        break;
      }
      MemoryFaults.surface();
      overdue = !link.sleep(seen, deadline, tally, done);
      link.checkStillOpen();
      found = look();
    }
    MemoryFaults.surface();
    if (overdue && found >= need) {
      tally.endedByPeriod++;
    }
    return found;
  }

  /** Bytes the ring has now, for a caller that wants to know and nothing more. */
  final int glance() throws IOException {
    if (turn.isFavourOfAnother() || !turn.take(Deadline.POLL)) {
      int roughly = estimate();
      MemoryFaults.surface();
      return roughly;
    }
    try {
      int found = look();
      MemoryFaults.surface();
      return found;
    } finally {
      turn.leave();
    }
  }

  private int lookUnhurriedly() throws ProtocolViolationException {
    spinner.beforeLook();
    int found = look();
    spinner.found(found, capacity);
    return found;
  }

  /**
   * Ends without a result where something else than the peer ends the wait: the caller finds out.
   */
  private int spin(int need, Deadline deadline) throws ProtocolViolationException {
    spinner.begin();
    while (spinner.pause() && !isOverBy(deadline)) {
      int found = look();
      if (found >= need) {
        spinner.succeeded();
        return found;
      }
    }
    return 0;
  }

  /** A pause may be long: a virtual thread gets its carrier back when others have had theirs. */
  private boolean isOverBy(Deadline deadline) {
    return link.isClosed()
        || Thread.currentThread().isInterrupted()
        || (deadline != Deadline.NEVER && deadline.remainingNanos() == 0);
  }

  /** After an index was published: counts, and sends the event if the peer asked for it. */
  final void published(int bytes) throws IOException {
    tally.bytes += bytes;
    boolean asked =
        barrier == null ? link.page.takeRequest(answer) : link.page.takeRequestWithoutFence(answer);
    MemoryFaults.surface();
    if (asked) {
      link.sendEvent(tally);
    }
  }
}
