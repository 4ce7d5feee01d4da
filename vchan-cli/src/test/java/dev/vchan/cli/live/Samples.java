// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import dev.vchan.DomainId;
import dev.vchan.PageSnapshot;
import dev.vchan.PageSnapshot.Ring;
import dev.vchan.PageSnapshot.Side;
import dev.vchan.RendezvousPath;
import dev.vchan.local.LiveChannel;
import dev.vchan.local.LiveProcess;
import dev.vchan.spi.GrantRef;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Observations as a test wants them. */
final class Samples {

  static final int CAPACITY = 1024;
  static final Ring EMPTY = new Ring(7, 7, CAPACITY);
  static final Side HERE = side(Side.HERE);
  static final LiveProcess SERVER = new LiveProcess(11, "serverd", 'S');
  static final LiveProcess CLIENT = new LiveProcess(22, "cl\"ient", 'S');

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private Samples() {}

  static Side side(int live) {
    return new Side(live, false, false, false, true);
  }

  static Ring filled(int bytes) {
    return new Ring(bytes - 100, -100, CAPACITY);
  }

  /** A direction in which nothing has moved for a second. */
  static Lane quiet(int filled, boolean readerAsks, boolean writerAsks, boolean ended) {
    return new Lane(
        filled(filled),
        false,
        ended,
        0,
        0,
        SECOND,
        readerAsks,
        readerAsks ? SECOND : 0,
        writerAsks,
        writerAsks ? SECOND : 0);
  }

  static LiveChannel channel(Side server, Side client) {
    return channel(
        Optional.of(new PageSnapshot(server, client, EMPTY, EMPTY, Optional.empty())), true);
  }

  static LiveChannel channel(Optional<PageSnapshot> page, boolean steady) {
    return new LiveChannel(
        new RendezvousPath("/local/domain/0/data/vchan/1/demo"),
        new DomainId(0),
        new DomainId(1),
        new GrantRef(256),
        false,
        page,
        steady);
  }

  static Observation observation(LiveChannel channel, Lane toServer, Lane toClient) {
    return new Observation(
        channel,
        Optional.of(SERVER),
        Optional.of(CLIENT),
        false,
        false,
        toServer,
        toClient,
        SECOND);
  }

  /** Both sides are there, and the other direction is at rest. */
  static Observation toServer(Lane lane) {
    return observation(channel(HERE, HERE), lane, quiet(0, true, false, false));
  }
}
