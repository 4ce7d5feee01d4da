// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import dev.vchan.DomainId;
import dev.vchan.PageSnapshot;
import dev.vchan.PageSnapshot.Side;
import dev.vchan.local.LiveProcess;
import java.util.Optional;

/**
 * One side of a channel, with the direction that it writes and the one that it reads.
 *
 * @param role how it is called in a sentence
 * @param domain its domain
 * @param process its process, if that can be seen
 * @param missing whether the page says that it is here, and no process that can be seen is
 * @param side what the page says of it
 * @param writes the direction to the other side
 * @param reads the direction from there
 */
record Party(
    String role,
    DomainId domain,
    Optional<LiveProcess> process,
    boolean missing,
    Side side,
    Lane writes,
    Lane reads) {

  static Party server(Observation seen, PageSnapshot page) {
    return new Party(
        "the server",
        seen.channel().server(),
        seen.server(),
        seen.serverMissing(),
        page.server(),
        seen.toClient(),
        seen.toServer());
  }

  static Party client(Observation seen, PageSnapshot page) {
    return new Party(
        "the client",
        seen.channel().client(),
        seen.client(),
        seen.clientMissing(),
        page.client(),
        seen.toServer(),
        seen.toClient());
  }

  /** Whom a sentence is about. */
  String who() {
    return process
        .map(one -> "%s's process %d (%s)".formatted(role, one.pid(), one.name()))
        .orElse(role);
  }

  boolean isHere() {
    return side.live() == Side.HERE && !missing;
  }

  /** What it waits for, by what it has asked for and the rings. */
  Optional<String> waits() {
    if (!isHere()) {
      return Optional.empty();
    }
    if (reads.filled() == 0 && !reads.ended() && Diagnosis.isLong(reads.readerWaitNanos())) {
      return Optional.of("waits for bytes " + Diagnosis.atLeast(reads.readerWaitNanos()));
    }
    if (writes.space() == 0 && Diagnosis.isLong(writes.writerWaitNanos())) {
      return Optional.of("waits for space " + Diagnosis.atLeast(writes.writerWaitNanos()));
    }
    return Optional.empty();
  }

  /** Whether it is there. */
  String presence() {
    if (missing) {
      return "no process";
    }
    return switch (side.live()) {
      case Side.HERE -> process.filter(LiveProcess::isStopped).isPresent() ? "stopped" : "here";
      case Side.AWAITED -> "not here yet";
      case Side.GONE -> side.knowsHalfClose() ? "died" : "gone";
      default -> "live byte " + side.live();
    };
  }

  /** The end of a sentence, if the process can do nothing at all. */
  String stopped() {
    return process
        .filter(LiveProcess::isStopped)
        .map(
            one ->
                "; %s's process is stopped, and goes on with kill -CONT %d"
                    .formatted(role, one.pid()))
        .orElse("");
  }
}
