// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.WaitPolicy;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.Patterns;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Our side of the close race: a fresh channel for each round; one side writes and closes at once
 * while the other reads. Says the {@link Score} of what was read here.
 *
 * <p>A main of its own, so that the test can run it with a mutant in front of the class path.
 */
final class CloseRace {

  static final PortName PORT = new PortName("race");

  private final LocalBackend backend;
  private final boolean serves;
  private final long seed;
  private final ByteBuffer greeting = ByteBuffer.allocate(1);
  private final ByteBuffer buffer = ByteBuffer.allocate(2 * CloseRound.RING);
  private Score score = Score.NOTHING;

  private CloseRace(LocalBackend backend, boolean serves, long seed) {
    this.backend = backend;
    this.serves = serves;
    this.seed = seed;
  }

  /**
   * Runs.
   *
   * @param args directory; own role, {@code server} or {@code client}; what is done here, {@code
   *     read}, {@code write} or {@code drain}, which is to write and to drain before the close; the
   *     seed; the number of rounds
   */
  public static void main(String[] args) throws Exception {
    try (LocalBackend backend = LocalBackend.open(Path.of(args[0]), Hub.JAVA)) {
      CloseRace race = new CloseRace(backend, args[1].equals("server"), Long.parseLong(args[3]));
      int rounds = Integer.parseInt(args[4]);
      for (int number = 0; number < rounds; number++) {
        race.play(number, args[2]);
      }
      System.out.println(race.score.line());
    }
  }

  private void play(int number, String deed) throws IOException {
    CloseRound round = CloseRound.of(seed, number);
    try (Vchan channel = meet(number)) {
      if (deed.equals("read")) {
        read(channel, round, number);
        return;
      }
      if (round.greeted()) {
        channel.read(greeting.clear(), Hub.soon());
      }
      ByteBuffer bytes = new Patterns(seed + number).next(round.bytes());
      CloseRound.spin(round.writerDelayNanos());
      channel.write(bytes);
      if (deed.equals("drain")) {
        channel.drain(Hub.soon());
      }
    }
  }

  private Vchan meet(int number) throws IOException {
    PortName port = new PortName(PORT.value() + number % CloseRound.PATHS);
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(1));
    if (number % 2 == 0) {
      options = options.withWaitPolicy(WaitPolicy.sleepAtOnce());
    }
    return serves
        ? Vchan.listen(backend, Hub.C, port, options, Hub.soon())
        : Vchan.connect(backend, Hub.C, port, options, Hub.soon());
  }

  private void read(Vchan channel, CloseRound round, int number) throws IOException {
    if (round.greeted()) {
      channel.write(greeting.clear());
    }
    CloseRound.spin(round.readerDelayNanos());
    buffer.clear();
    int more = 0;
    while (more >= 0) {
      more = round.polls() ? channel.tryRead(buffer) : channel.read(buffer, Hub.soon());
    }
    buffer.flip();
    boolean right = buffer.remaining() <= round.bytes() && isRight(number);
    score = score.with(right ? round.bytes() - buffer.limit() : 0, right);
    if (channel.counters().endedByPeriod() != 0) {
      throw new IOException("round " + number + ": woken by the look period, not by an event");
    }
  }

  private boolean isRight(int number) {
    try {
      new Patterns(seed + number).check(buffer);
      return true;
    } catch (AssertionError e) {
      return false;
    }
  }

  /**
   * What became of the rounds.
   *
   * @param rounds how many were played
   * @param lossy rounds in which a part of what was written did not arrive
   * @param lost bytes that did not arrive
   * @param wrong rounds in which something else arrived
   */
  record Score(long rounds, long lossy, long lost, long wrong) {

    static final Score NOTHING = new Score(0, 0, 0, 0);

    private Score with(int missing, boolean right) {
      return new Score(
          rounds + 1, lossy + (missing > 0 ? 1 : 0), lost + missing, wrong + (right ? 0 : 1));
    }

    Score and(Score other) {
      return new Score(
          rounds + other.rounds, lossy + other.lossy, lost + other.lost, wrong + other.wrong);
    }

    private String line() {
      return rounds + " " + lossy + " " + lost + " " + wrong;
    }

    static Score of(long[] numbers) {
      return new Score(numbers[0], numbers[1], numbers[2], numbers[3]);
    }

    @Override
    public String toString() {
      return "%,d rounds, %,d with a loss (%.2f %%), %,d bytes lost, %d wrong"
          .formatted(rounds, lossy, 100.0 * lossy / rounds, lost, wrong);
    }
  }
}
