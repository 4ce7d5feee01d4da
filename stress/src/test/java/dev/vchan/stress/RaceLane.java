// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.WaitPolicy;
import dev.vchan.spi.Backend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * One side of a sequence of rounds between two processes. The server accepts a channel for each
 * round from one listener, the client connects again and again. Used by one thread.
 *
 * <p>In most rounds the reader first sends one byte, so that the writer closes when the reader
 * looks, and not while it is still being accepted.
 */
final class RaceLane {

  private static final Duration WATCHDOG = Duration.ofSeconds(30);

  private final Backend backend;
  private final PortName port;
  private final boolean writes;
  private final long seed;
  private final RoundReader reader = new RoundReader();
  private final ByteBuffer greeting = ByteBuffer.allocate(1);
  private RoundPlan plan;
  private int round;
  private long failures;
  private String first = "-";

  RaceLane(Backend backend, String port, boolean writes, long seed) {
    this.backend = backend;
    this.port = new PortName(port);
    this.writes = writes;
    this.seed = seed;
    this.plan = RoundPlan.of(seed, 0);
  }

  Score serve(int rounds) throws IOException {
    try (VchanListener listener =
        VchanListener.open(backend, CloseRaceBetween.CLIENT, port, options())) {
      for (round = 0; round < rounds; round++) {
        plan = RoundPlan.of(seed, round);
        play(listener.accept(Deadline.after(WATCHDOG)));
      }
    }
    return score(rounds);
  }

  Score visit(int rounds) throws IOException {
    VchanOptions options = options();
    for (round = 0; round < rounds; round++) {
      plan = RoundPlan.of(seed, round);
      Deadline soon = Deadline.after(WATCHDOG);
      play(Vchan.connect(backend, DomainId.DOM0, port, options, soon));
    }
    return score(rounds);
  }

  /** Each channel gets the policy of its round, also those of one listener. */
  private VchanOptions options() {
    WaitPolicy ofTheRound = () -> plan.readerOptions().waitPolicy().newSpinner();
    return RoundPlan.OPTIONS.withWaitPolicy(ofTheRound);
  }

  private void play(Vchan channel) {
    boolean greeted = round % 4 != 0;
    if (writes) {
      write(channel, greeted);
      return;
    }
    if (greeted) {
      try {
        channel.write(greeting.clear());
      } catch (IOException e) {
        fail(e);
      }
    }
    reader.play(round, plan, channel);
  }

  private void write(Vchan channel, boolean greeted) {
    ByteBuffer payload = CloseRace.payload(round, plan.bytes());
    try (channel) {
      if (greeted) {
        channel.read(greeting.clear(), Deadline.after(WATCHDOG));
      }
      RoundPlan.delay(plan.writerDelayNanos());
      channel.write(payload);
    } catch (IOException e) {
      fail(e);
    }
  }

  private void fail(IOException e) {
    failures++;
    if (first.equals("-")) {
      first = "round " + round + ", " + plan + ": " + e.toString().replaceAll("\\s+", " ");
    }
  }

  private Score score(int rounds) {
    return new Score(rounds, 0, failures, 0, first).with(reader.score());
  }
}
