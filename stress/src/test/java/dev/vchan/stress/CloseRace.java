// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.inprocess.InProcessHost;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The close race inside one JVM: two threads, a fresh channel for each round; one writes and closes
 * at once while the other reads. Prints a {@link Score}.
 *
 * <p>A main of its own, so that the test can run it with a mutant in front of the class path.
 */
final class CloseRace {

  private static final PortName PORT = new PortName("race");
  private static final DomainId CLIENT = new DomainId(1);

  private final InProcessHost host = new InProcessHost();
  private final boolean serverWrites;
  private final long seed;
  private final int rounds;
  private final AtomicInteger offered = new AtomicInteger(-1);
  private final AtomicInteger ready = new AtomicInteger(-1);
  private final AtomicInteger finished = new AtomicInteger(-1);
  private @Nullable Vchan readerEnd;

  private CloseRace(boolean serverWrites, long seed, int rounds) {
    this.serverWrites = serverWrites;
    this.seed = seed;
    this.rounds = rounds;
  }

  /**
   * Runs.
   *
   * @param args who writes, {@code server} or {@code client}; the seed; the number of rounds
   */
  public static void main(String[] args) throws Exception {
    boolean serverWrites = args[0].equals("server");
    CloseRace race =
        new CloseRace(serverWrites, Long.parseLong(args[1]), Integer.parseInt(args[2]));
    System.out.println(race.run().line());
  }

  private Score run() throws Exception {
    RoundReader reader = new RoundReader();
    Thread reading = Thread.ofPlatform().daemon().start(() -> readAll(reader));
    for (int round = 0; round < rounds; round++) {
      play(round);
    }
    reading.join();
    if (!host.leftovers().isEmpty()) {
      throw new IllegalStateException("left behind: " + host.leftovers());
    }
    return reader.score();
  }

  private void play(int round) throws IOException {
    RoundPlan plan = RoundPlan.of(seed, round);
    Deadline soon = Deadline.after(Duration.ofSeconds(30));
    VchanOptions options = plan.readerOptions();
    Vchan server;
    Vchan client;
    try (VchanListener listener =
        VchanListener.open(host.domain(DomainId.DOM0), CLIENT, PORT, options)) {
      client = Vchan.connect(host.domain(CLIENT), DomainId.DOM0, PORT, options, soon);
      server = listener.accept(soon);
    }
    readerEnd = serverWrites ? client : server;
    offered.set(round);
    await(ready, round);
    RoundPlan.delay(plan.writerDelayNanos());
    try (Vchan writer = serverWrites ? server : client) {
      writer.write(payload(round, plan.bytes()));
    }
    await(finished, round);
  }

  private void readAll(RoundReader reader) {
    for (int round = 0; round < rounds; round++) {
      RoundPlan plan = RoundPlan.of(seed, round);
      await(offered, round);
      Vchan channel = readerEnd;
      ready.set(round);
      reader.play(round, plan, channel);
      finished.set(round);
    }
  }

  static ByteBuffer payload(int round, int bytes) {
    ByteBuffer payload = ByteBuffer.allocate(bytes);
    for (int i = 0; i < bytes; i++) {
      payload.put(i, RoundPlan.expected(round, i));
    }
    return payload;
  }

  /** Spins, so that both threads run when a round begins; gives way when the other takes long. */
  private static void await(AtomicInteger place, int round) {
    for (int spins = 0; place.get() != round; spins++) {
      if (spins < 20_000) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(50_000);
      }
    }
  }
}
