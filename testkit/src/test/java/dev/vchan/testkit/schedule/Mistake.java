// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import dev.vchan.testkit.SourceChange;
import java.util.ArrayList;
import java.util.List;

/**
 * Mistakes that the production code does not make, each with the situation in which a schedule must
 * bring it to light. Called as in the protocol's model where that has the same one.
 */
enum Mistake {
  NO_SECOND_LOOK(
      "Traffic.OneWay",
      "Direction",
      """
            found = look();
            if (found < need && over()) {
      """,
      """
            if (found < need && over()) {
      """),

  LOOKS_BEFORE_IT_ASKS(
      "Traffic.OneWay",
      "Direction",
      """
            barrierIsDue |= link.page.ask(request);
      """,
      """
            found = look();
            barrierIsDue |= link.page.ask(request);
      """,
      """
            found = look();
            if (found < need && over()) {
      """,
      """
            if (found < need && over()) {
      """),

  SAMPLES_AFTER_THE_LOOK(
      "Traffic.OneWay",
      "Direction",
      """
            long seen = link.eventsSeen();
      """,
      "",
      """
            overdue = !link.sleep(seen, deadline, tally, done);
      """,
      """
            overdue = !link.sleep(link.eventsSeen(), deadline, tally, done);
      """),

  NO_FINAL_LOOK(
      "Traffic.OneWay",
      "Direction",
      """
              found = look();
              MemoryFaults.surface();
              ended = true;
      """,
      """
              MemoryFaults.surface();
              ended = true;
      """),

  KNOWN_TO_BE_GONE_IS_THE_END(
      "Traffic.PeerDies",
      "Direction",
      """
          int found = deadline == Deadline.POLL ? look() : lookUnhurriedly();
          if (found >= need) {
            return found;
          }
      """,
      """
          int found = 0;
          if (link.knownToBeGone()) {
            ended = true;
            return found;
          }
          found = look();
          if (found >= need) {
            return found;
          }
      """,
      "Link",
      """
        /** Whether both sides understand half-close. */
      """,
      """
        boolean knownToBeGone() {
          return peerGone;
        }

        /** Whether both sides understand half-close. */
      """),

  ANSWERS_BEFORE_IT_PUBLISHES(
      "Traffic.OneWay",
      "Outgoing",
      """
          int moved = 0;
      """,
      """
          published(bytes);
          int moved = 0;
      """,
      """
              published(moved);
      """,
      ""),

  ANSWERS_BEFORE_IT_RELEASES(
      "Traffic.Packets",
      "Incoming",
      """
          int moved = 0;
      """,
      """
          released(bytes);
          int moved = 0;
      """,
      """
              released(moved);
      """,
      ""),

  PUBLISHES_BEFORE_IT_COPIES(
      "Traffic.OneWay",
      "Outgoing",
      """
              ring.copyFrom(0, source, some);
              ring.publish(some);
      """,
      """
              ring.publish(some);
              ring.copyFrom(-some, source, some);
      """),

  RELEASES_BEFORE_IT_COPIES(
      "Traffic.OneWay",
      "Incoming",
      """
              ring.copyTo(0, target, some);
              ring.release(some);
      """,
      """
              ring.release(some);
              ring.copyTo(-some, target, some);
      """),

  NO_FENCE_BEFORE_THE_ANSWER(
      "Traffic.OneWay",
      "ControlPage",
      """
          SharedAccess.fullFence();
          return take(request);
      """,
      """
          return take(request);
      """),

  NO_BARRIER_BEFORE_THE_SECOND_LOOK(
      "Traffic.BothWaysUnfenced",
      "Direction",
      """
              barrier.everywhere();
      """,
      ""),

  /** On x86 the atomic update is a fence as well: both have to go for the loss of one to show. */
  ASKS_WITHOUT_A_FENCE(
      "Traffic.OneWay",
      "ControlPage",
      """
            change(0, bit);
          }
      """,
      """
            SharedAccess.setIntPlain(page, WORD, word | bit);
          }
      """,
      """
          // reordered, the peer publishes, finds no request and stays silent, while this side saw the old
          // index and sleeps.
          SharedAccess.fullFence();
      """,
      ""),

  CLEAR_IS_NOT_ATOMIC(
      "Traffic.BothWays",
      "SharedAccess",
      """
          return INT.compareAndSet(page, offset, expected, value);
      """,
      """
          INT.setVolatile(page, offset, value);
          return true;
      """),

  CLEARS_THE_WHOLE_BYTE(
      "Traffic.HalfClose",
      "ControlPage",
      """
          return (word & bit) != 0 && (change(bit, 0) & bit) != 0;
      """,
      """
          return (word & bit) != 0 && (change(0xFF << answerShift, 0) & bit) != 0;
      """),

  ONE_WAITER_TAKES_THE_EVENT(
      "Traffic.WaitersAreClosed",
      "spi/EventCounter",
      """
            if (waiter != null) {
              Parking.unpark(waiter);
      """,
      """
            if (waiter != null) {
              Parking.unpark(waiter);
              break;
      """),

  PARKS_WITHOUT_A_LAST_LOOK_AT_THE_COUNT(
      "Traffic.OneWay",
      "spi/EventCounter",
      """
            while (count == seen && !Thread.currentThread().isInterrupted()) {
      """,
      """
            do {
      """,
      """
              sleep(place, left);
            }
      """,
      """
              sleep(place, left);
            } while (count == seen && !Thread.currentThread().isInterrupted());
      """),

  EVENT_BEFORE_LIVE(
      "Traffic.OneWay",
      "Link",
      """
          page.leave(agreed.halfClose());
          events.send();
        }
      """,
      """
          events.send();
          page.leave(agreed.halfClose());
        }
      """),

  LEAVES_LIKE_THE_DEAD(
      "Traffic.OneWay",
      "ControlPage",
      """
            change((HALF_CLOSE << askShift) | live, 0);
      """,
      """
            change(live, 0);
      """),

  CLOSE_SENDS_NOTHING(
      "Traffic.OneWay",
      "Link",
      """
          page.leave(agreed.halfClose());
          events.send();
        }
      """,
      """
          page.leave(agreed.halfClose());
        }
      """),

  CLOSE_WAKES_NOBODY_HERE(
      "Traffic.ServerCloses",
      "Link",
      """
              events.wake();
              release();
      """,
      """
              release();
      """),

  LIVE_BEFORE_THE_LAST_INDEX(
      "Traffic.WaitersAreClosed",
      "Link",
      """
              events.wake();
              release();
      """,
      """
              events.wake();
              sayGoodbye();
              release();
      """,
      """
              resources.add(this::sayGoodbye);
      """,
      ""),

  CLOSES_WITHOUT_ITS_TURN(
      "Traffic.WaitersAreClosed",
      "Link",
      """
            writers.takeToClose();
      """,
      "",
      """
              writers.leave();
      """,
      ""),

  SHUTS_WITHOUT_ITS_TURN(
      "Traffic.HalfClose",
      "Outgoing",
      """
          link.wakeOwn();
          turn.take(Deadline.NEVER);
          try {
            link.page.announceEnd();
      """,
      """
          link.page.announceEnd();
          link.wakeOwn();
          turn.take(Deadline.NEVER);
          try {
      """),

  WRITES_AFTER_THE_END(
      "Traffic.HalfClose",
      "Outgoing",
      """
          if (shut) {
            // Shut while this call waited for its turn: the end has been announced, or is about to be,
      """,
      """
          if (link.isClosed()) {
            // Shut while this call waited for its turn: the end has been announced, or is about to be,
      """),

  GONE_BEFORE_WHY(
      "Traffic.PeerDies",
      "Link",
      """
            peerDied = died;
            peerGone = true;
      """,
      """
            peerGone = true;
            peerDied = died;
      """),

  LIVE_BEFORE_THE_REQUEST(
      "Meeting",
      "ControlPage",
      """
          change(0xFF << SERVER_NOTIFY_SHIFT, (WRITE | extensions) << SERVER_NOTIFY_SHIFT);
          SharedAccess.fullFence();
      """,
      "",
      """
          SharedAccess.setByteRelease(page, CLIENT_LIVE, (byte) LIVE);
          // Full fence: the byte before the event.
          SharedAccess.fullFence();
      """,
      """
          SharedAccess.setByteRelease(page, CLIENT_LIVE, (byte) LIVE);
          SharedAccess.fullFence();
          change(0xFF << SERVER_NOTIFY_SHIFT, (WRITE | extensions) << SERVER_NOTIFY_SHIFT);
      """),

  ENTERS_SILENTLY(
      "Meeting.ServerIsFirst",
      "Handshake",
      """
            events.send();
            Link link = new Link(page, events, held, options, agreed);
            return new Vchan(server, path, options, link, reader, writer);
      """,
      """
            Link link = new Link(page, events, held, options, agreed);
            return new Vchan(server, path, options, link, reader, writer);
      """),

  DEATH_IN_THE_HANDSHAKE_IS_A_VISIT(
      "Meeting.ClientDies",
      "Handshake",
      """
            if (live == ControlPage.GONE && neverCame) {
      """,
      """
            if (false && neverCame) {
      """),

  OWN_INDEX_IS_READ_AGAIN(
      "Hostile.OwnIndices",
      "RingReader",
      """
          int seen = page.incomingProducer();
          int ready = seen - consumer;
      """,
      """
          int seen = page.incomingProducer();
          consumer = page.header().rightConsumer();
          int ready = seen - consumer;
      """),

  OWN_PRODUCER_IS_READ_AGAIN(
      "Hostile.OwnIndices",
      "RingWriter",
      """
          int seen = page.outgoingConsumer();
          int unread = producer - seen;
      """,
      """
          int seen = page.outgoingConsumer();
          producer = page.header().leftProducer();
          int unread = producer - seen;
      """),

  PEERS_INDEX_IS_READ_TWICE(
      "Hostile.OwnIndicesImpossible",
      "RingReader",
      """
          producer = seen;
          return ready;
      """,
      """
          producer = page.incomingProducer();
          return producer - consumer;
      """),

  ORDER_IS_READ_AGAIN(
      "Hostile.Orders",
      "Handshake",
      """
                new RingReader(page, ring(right, layout.rightOrder()), header.rightConsumer());
      """,
      """
                new RingReader(
                    page,
                    ring(right, page.header().layout().rightOrder()),
                    header.rightConsumer());
      """);

  private static final String SOURCES = "vchan-core/src/main/java/dev/vchan/%s.java";

  final String situation;
  final List<SourceChange> changes = new ArrayList<>();

  /** The name of a file, then pairs of snippets and replacements, perhaps of a further file. */
  Mistake(String situation, String file, String... texts) {
    this.situation = situation;
    String current = file;
    for (int i = 0; i < texts.length; i += 2) {
      if (!texts[i].contains("\n")) {
        current = texts[i--];
        continue;
      }
      changes.add(new SourceChange(SOURCES.formatted(current), texts[i], texts[i + 1]));
    }
  }
}
