// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import dev.vchan.PageSnapshot;
import dev.vchan.PageSnapshot.Ring;
import dev.vchan.PageSnapshot.Side;
import dev.vchan.local.LiveChannel;
import dev.vchan.local.LiveProcess;
import dev.vchan.local.LiveProcesses;
import java.util.Optional;
import java.util.function.Function;

/** Follows a channel from look to look. */
final class History {

  private static final Ring UNKNOWN = new Ring(0, 0, 0);

  private LiveChannel last;
  private Optional<LiveChannel> before = Optional.empty();
  private long reported;
  private final LaneHistory toServer;
  private final LaneHistory toClient;

  History(LiveChannel first, long now) {
    last = first;
    reported = now;
    toServer = new LaneHistory(first.snapshot().map(PageSnapshot::toServer).orElse(UNKNOWN), now);
    toClient = new LaneHistory(first.snapshot().map(PageSnapshot::toClient).orElse(UNKNOWN), now);
    addToLanes(now);
  }

  void add(LiveChannel seen, long now) {
    before = Optional.of(last);
    last = seen;
    addToLanes(now);
  }

  private void addToLanes(long now) {
    last.snapshot()
        .ifPresent(
            page -> {
              toServer.add(page.toServer(), last.steady(), page.client(), page.server(), now);
              toClient.add(page.toClient(), last.steady(), page.server(), page.client(), now);
            });
  }

  /** What was seen since the last report; the processes were looked for before the last look. */
  Observation report(LiveProcesses processes, long now) {
    Optional<LiveProcess> server = processes.server(last);
    Optional<LiveProcess> client = processes.client(last);
    Observation seen =
        new Observation(
            last,
            server,
            client,
            server.isEmpty() && wasHere(PageSnapshot::server),
            client.isEmpty() && wasHere(PageSnapshot::client),
            toServer.report(now),
            toClient.report(now),
            now - reported);
    reported = now;
    return seen;
  }

  /** Whether a side said so before the processes were looked for and afterwards. */
  private boolean wasHere(Function<PageSnapshot, Side> side) {
    return before.filter(earlier -> isHere(earlier, side)).isPresent() && isHere(last, side);
  }

  private static boolean isHere(LiveChannel channel, Function<PageSnapshot, Side> side) {
    return channel.snapshot().map(side).filter(one -> one.live() == Side.HERE).isPresent();
  }
}
