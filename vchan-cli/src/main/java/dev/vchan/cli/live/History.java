// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import dev.vchan.PageSnapshot;
import dev.vchan.PageSnapshot.Ring;
import dev.vchan.PageSnapshot.Side;
import dev.vchan.local.LiveChannel;
import dev.vchan.local.LiveProcess;
import dev.vchan.local.LiveProcesses;
import java.util.List;
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
            server.isEmpty() && saysOnly(History::ofServer),
            client.isEmpty() && saysOnly(History::ofClient),
            toServer.report(now),
            toClient.report(now),
            now - reported);
    reported = now;
    return seen;
  }

  /** What only the server changes: its live byte and its two indices. */
  private static List<Integer> ofServer(PageSnapshot page) {
    return List.of(page.server().live(), page.toClient().producer(), page.toServer().consumer());
  }

  private static List<Integer> ofClient(PageSnapshot page) {
    return List.of(page.client().live(), page.toServer().producer(), page.toClient().consumer());
  }

  /**
   * Whether a side said that it is here before the processes were looked for and afterwards, and
   * did nothing in between, which one that is only out of sight could.
   */
  private boolean saysOnly(Function<PageSnapshot, List<Integer>> side) {
    Optional<List<Integer>> said = last.snapshot().map(side);
    return said.filter(now -> now.getFirst() == Side.HERE).isPresent()
        && said.equals(before.flatMap(LiveChannel::snapshot).map(side));
  }
}
