// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import dev.vchan.PageSnapshot;
import dev.vchan.PageSnapshot.Ring;
import dev.vchan.PageSnapshot.Side;
import dev.vchan.cli.transfer.Figures;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Why a channel is as it is, from what was seen of it.
 *
 * @param cause how it is
 * @param sentence why, and whose process is to be looked at
 */
public record Diagnosis(Cause cause, String sentence) {

  /** What was quiet for less than this may be about to move. */
  private static final long MIN_QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /**
   * Judges.
   *
   * @param seen a channel over some time
   * @return at least one, the worst first; one for each direction if both sides are there
   */
  public static List<Diagnosis> of(Observation seen) {
    Optional<PageSnapshot> page = seen.channel().snapshot();
    if (page.isEmpty()) {
      return List.of(
          new Diagnosis(
              Cause.UNREADABLE, "the page cannot be read: its file was truncated, or is no file"));
    }
    Optional<String> illegality = page.get().illegality();
    if (illegality.isPresent()) {
      return List.of(
          new Diagnosis(Cause.UNREADABLE, "the page is not one of a channel: " + illegality.get()));
    }
    Party server = Party.server(seen, page.get());
    Party client = Party.client(seen, page.get());
    List<Diagnosis> found = new ArrayList<>();
    corruption(server, client).ifPresent(found::add);
    if (seen.toServer().corrupt()) {
      found.add(corrupt(client, server));
    }
    if (seen.toClient().corrupt()) {
      found.add(corrupt(server, client));
    }
    absence(server, client).ifPresent(found::add);
    absence(client, server).ifPresent(found::add);
    if (found.isEmpty()) {
      found.add(direction(server, client));
      found.add(direction(client, server));
    }
    found.sort(Comparator.comparing(Diagnosis::cause));
    return List.copyOf(found);
  }

  private static Optional<Diagnosis> corruption(Party server, Party client) {
    if (server.side().live() > Side.HERE || client.side().live() > Side.AWAITED) {
      return Optional.of(
          new Diagnosis(
              Cause.CORRUPT_INDEX,
              "the live bytes are corrupt: %d of the server and %d of the client, which no correct"
                      .formatted(server.side().live(), client.side().live())
                  + " peer writes"));
    }
    return Optional.empty();
  }

  private static Diagnosis corrupt(Party writer, Party reader) {
    Ring ring = writer.writes().ring();
    return new Diagnosis(
        Cause.CORRUPT_INDEX,
        "the indices of the ring to %s are corrupt: producer %s, which %s moves, and consumer %s,"
                .formatted(
                    reader.role(),
                    Integer.toUnsignedString(ring.producer()),
                    writer.role(),
                    Integer.toUnsignedString(ring.consumer()))
            + " which %s moves, are %d bytes apart in a ring of %d"
                .formatted(reader.role(), ring.distance(), ring.capacity()));
  }

  /** What is to be said of a side that is not there, if it is not. */
  private static Optional<Diagnosis> absence(Party side, Party other) {
    if (side.missing()) {
      return Optional.of(
          new Diagnosis(
              Cause.DEAD_PEER,
              "%s's process is gone: the page says that it is here, but no process that can be seen"
                      .formatted(side.role())
                  + " from here has the page"
                  + (other.process().isPresent() ? " any more but " + other.who() : "")
                  + other.stopped()));
    }
    return switch (side.side().live()) {
      case Side.AWAITED ->
          other.isHere()
              ? Optional.of(
                  new Diagnosis(
                      Cause.WAITING_FOR_CLIENT,
                      other.who() + " waits for a client: none has connected yet"))
              : Optional.empty();
      case Side.GONE ->
          Optional.of(side.side().knowsHalfClose() ? died(side, other) : closed(side, other));
      default -> Optional.empty();
    };
  }

  private static Diagnosis died(Party side, Party other) {
    return new Diagnosis(
        Cause.DEAD_PEER,
        "%s's process has died: its live byte was cleared without a close; %s"
            .formatted(side.role(), stillHolds(side, other)));
  }

  private static Diagnosis closed(Party side, Party other) {
    return new Diagnosis(
        Cause.CLOSED,
        "%s has closed (or died, if it is a peer without half-close); %s"
            .formatted(side.role(), stillHolds(side, other)));
  }

  private static String stillHolds(Party side, Party other) {
    long unread = side.writes().filled();
    return (other.isHere()
            ? other.who() + " still holds the channel"
            : other.role() + " is gone too")
        + (unread > 0 ? ", with " + Figures.bytes(unread) + " unread" : "")
        + other.stopped();
  }

  /** One direction, both sides of which are there. */
  private static Diagnosis direction(Party writer, Party reader) {
    Lane lane = writer.writes();
    if (lane.moved()) {
      return new Diagnosis(Cause.FLOWING, "bytes flow to " + reader.role());
    }
    if (!isLong(lane.quietNanos())) {
      return new Diagnosis(
          Cause.CONNECTED, "connected; to be judged, it must be watched for a moment");
    }
    if (lane.filled() > 0 && isLong(lane.readerWaitNanos())) {
      String otherwise =
          lane.space() == 0
              ? ""
              : "; or it waits for more at once, which %s has not written".formatted(writer.role());
      return lost(reader, "bytes", lane.filled(), lane.readerWaitNanos(), otherwise);
    }
    if (lane.filled() == 0) {
      return isLong(lane.writerWaitNanos())
          ? lost(
              writer,
              "space",
              lane.space(),
              lane.writerWaitNanos(),
              "; or it found the space at its second look, and has written all it had")
          : empty(writer, reader);
    }
    return untaken(writer, reader);
  }

  /** Whether what has lasted for so long is likely to last. */
  static boolean isLong(long nanos) {
    return nanos >= MIN_QUIET_NANOS;
  }

  /** A side that waits for what is there. */
  private static Diagnosis lost(
      Party waiter, String what, long there, long nanos, String otherwise) {
    return new Diagnosis(
        Cause.LOST_EVENT,
        "an event was lost: %s has asked to be told of %s, and %s of it are there, untouched %s"
                .formatted(waiter.who(), what, Figures.bytes(there), atLeast(nanos))
            + otherwise
            + (waiter.side().knowsHalfClose()
                ? ""
                : "; or it does not wait: peers without half-close also ask when they only look")
            + waiter.stopped());
  }

  private static Diagnosis empty(Party writer, Party reader) {
    Lane lane = writer.writes();
    if (lane.ended()) {
      return new Diagnosis(
          Cause.ENDED,
          "%s has sent its last byte, and %s has taken it".formatted(writer.role(), reader.role()));
    }
    return new Diagnosis(
        Cause.IDLE,
        "nothing to read for %s: %s has written nothing %s"
            .formatted(reader.role(), writer.who(), atLeast(lane.quietNanos())));
  }

  /** Bytes that nobody takes. */
  private static Diagnosis untaken(Party writer, Party reader) {
    Lane lane = writer.writes();
    if (lane.space() == 0 && isLong(lane.writerWaitNanos())) {
      return new Diagnosis(
          Cause.WRITER_BLOCKED,
          "%s is blocked in a write: the ring is full, and %s has read nothing %s"
                  .formatted(writer.who(), reader.who(), atLeast(lane.writerWaitNanos()))
              + reader.stopped());
    }
    String waits =
        isLong(lane.writerWaitNanos())
            ? "; %s has asked to be told of space, of which there are %s"
                .formatted(writer.who(), Figures.bytes(lane.space()))
            : "";
    return new Diagnosis(
        Cause.READER_IDLE,
        "%s is not reading: %s lie in its ring, untouched %s, and it has not asked to be told of"
                .formatted(reader.who(), Figures.bytes(lane.filled()), atLeast(lane.quietNanos()))
            + " any"
            + waits
            + reader.stopped());
  }

  /** How long, as far as it was seen. */
  static String atLeast(long nanos) {
    return "for at least "
        + String.format(Locale.ROOT, "%.1f s", nanos / (double) TimeUnit.SECONDS.toNanos(1));
  }
}
