// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule.world;

import dev.vchan.TinyChannels;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.WaitPolicy;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.Memory.Access;
import dev.vchan.spi.Memory.Mapping;
import dev.vchan.spi.Memory.Share;
import dev.vchan.spi.Memory.UnmapNotify;
import dev.vchan.spi.MemoryBarrier;
import dev.vchan.testkit.schedule.Scheduler;
import dev.vchan.testkit.schedule.Seam;
import dev.vchan.testkit.schedule.Situation;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the situations have in common: a machine, two ends, and what must hold of every run. */
abstract class Play implements Situation {

  /** Nobody is rescued by the periodic look at the peer: to the scheduler this is for ever. */
  static final VchanOptions OPTIONS =
      VchanOptions.DEFAULTS
          .withWaitPolicy(WaitPolicy.sleepAtOnce())
          .withLookPeriod(Duration.ofDays(1));

  /** Two bytes are written before the indices start again from 0. */
  static final int INDEX = -2;

  private static final int CAPACITY = 2;
  private static final int CLIENT_LIVE = 20;
  private static final int SERVER_LIVE = 21;

  final Scheduler scheduler = Seam.scheduler();
  final Machine machine = new Machine();
  End server = new End(Machine.SERVER);
  End client = new End(Machine.CLIENT);

  /** Whether events arrive late. */
  boolean lateEvents() {
    return false;
  }

  /** What both ends have agreed to make behind a request. */
  Optional<MemoryBarrier> barrier() {
    return Optional.empty();
  }

  @Override
  public void begin() throws IOException {
    machine.restart(lateEvents());
    server = new End(Machine.SERVER);
    client = new End(Machine.CLIENT);
    play();
  }

  abstract void play() throws IOException;

  /**
   * Joins both ends, with tiny rings.
   *
   * @param notify whether the kernel tells the peer of a page that is unmapped. If not, what an end
   *     says by itself when it closes is all its peer learns, and nothing makes up for it
   */
  final void connect(boolean notify) throws IOException {
    Backend left = machine.domain(Machine.SERVER);
    Backend right = machine.domain(Machine.CLIENT);
    EventChannel serverEvents = left.events().listen(right.self());
    Share share = left.memory().share(right.self(), 1, notice(notify, SERVER_LIVE, serverEvents));
    Advertisement advertised = new Advertisement(share.grants().getFirst(), serverEvents.port());
    TinyChannels.initialise(share.segment(), INDEX, OPTIONS);
    EventChannel clientEvents = right.events().connect(left.self(), advertised.eventChannel());
    Mapping mapping =
        right
            .memory()
            .map(
                left.self(),
                share.grants(),
                Access.READ_WRITE,
                notice(notify, CLIENT_LIVE, clientEvents));
    TinyChannels.enter(mapping.segment(), OPTIONS);
    Vchan one =
        TinyChannels.end(
            true, share.segment(), INDEX, CAPACITY, serverEvents, share, barrier(), OPTIONS);
    Vchan other =
        TinyChannels.end(
            false, mapping.segment(), INDEX, CAPACITY, clientEvents, mapping, barrier(), OPTIONS);
    server.uses(client);
    client.uses(server);
    server.open(one);
    client.open(other);
  }

  private static Optional<UnmapNotify> notice(boolean wanted, int offset, EventChannel events) {
    return wanted ? Optional.of(new UnmapNotify(offset, events)) : Optional.empty();
  }

  @Override
  public List<String> verdict() {
    List<String> wrong = new ArrayList<>();
    List<String> left = scheduler.left();
    if (left.isEmpty()) {
      machine.leftovers().forEach(what -> wrong.add("left behind: " + what));
    } else {
      wrong.add(String.join(", ", left) + " sleeps for ever");
    }
    for (End end : List.of(server, client)) {
      end.verdict().forEach(what -> wrong.add(end + ": " + what));
    }
    return wrong;
  }
}
