// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.DomainId;
import dev.vchan.interop.CloseRace.Score;
import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What one side writes before it closes at once arrives at the other: always, where our endpoint
 * reads, and where it drains before it closes. Where libxenvchan reads what nobody drained, it
 * loses some of it, whoever wrote it; how much is shown, and shows that the rounds would have found
 * a loss.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class CloseRaceTest {

  /** In each role. */
  private static final int ROUNDS = Figures.FULL ? 100_000 : 5_000;

  /** Enough to know a rate of some percent. */
  private static final int SOME_ROUNDS = Figures.FULL ? 20_000 : 1_000;

  /** How often as many rounds are played until one has lost something, which takes some luck. */
  private static final int MOST_REPETITIONS = 30;

  /** From 0 up, as the peer has it. */
  private static final long SEED = Long.getLong("vchan.seed", new Random().nextInt(1 << 30));

  private static Figures figures;

  @TempDir private static Path mutant;

  @BeforeAll
  static void prepare() throws IOException {
    Programs.peer();
    figures = new Figures("interop-close-race");
    figures.add("seed " + SEED + " (-Dvchan.seed)");
    Mutant.NO_FINAL_LOOK.compileTo(mutant);
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void whatLibxenvchanWroteBeforeItsCloseArrivesHere(Role own) throws Exception {
    Score kept = againstC(Optional.empty(), own, "read", ROUNDS);
    Score without = untilLoss(() -> againstC(Optional.of(mutant), own, "read", SOME_ROUNDS));
    figures.add("close, C writes, Java reads as " + own + ": " + kept);
    figures.add("    " + Mutant.NO_FINAL_LOOK.title() + ": " + without);
    assertThat(kept.rounds()).isEqualTo(ROUNDS);
    assertThat(kept.lossy()).as("rounds with a loss, seed %d", SEED).isZero();
    assertThat(kept.wrong()).as("wrong rounds, seed %d", SEED).isZero();
    assertThat(without.lossy()).as("losses of the mutant").isPositive();
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void whatWasDrainedBeforeOurCloseArrivesThere(Role own) throws Exception {
    Score drained = againstC(Optional.empty(), own, "drain", ROUNDS);
    Score abrupt = againstC(Optional.empty(), own, "write", SOME_ROUNDS);
    Score libxenvchan = untilLoss(() -> betweenC(own, SOME_ROUNDS));
    figures.add("close, Java writes as " + own + " and drains, C reads: " + drained);
    figures.add("    without draining: " + abrupt);
    figures.add("    libxenvchan writes in its place: " + libxenvchan);
    assertThat(drained.rounds()).isEqualTo(ROUNDS);
    assertThat(drained.lossy()).as("rounds with a loss, seed %d", SEED).isZero();
    assertThat(drained.wrong() + abrupt.wrong()).as("wrong rounds, seed %d", SEED).isZero();
    assertThat(libxenvchan.lossy()).as("losses between two ends of libxenvchan").isPositive();
  }

  private static Score untilLoss(Callable<Score> some) throws Exception {
    Score score = some.call();
    for (int i = 1; score.lossy() == 0 && i < MOST_REPETITIONS; i++) {
      score = score.and(some.call());
    }
    return score;
  }

  /** The score of whoever reads. */
  private static Score againstC(Optional<Path> changed, Role own, String deed, int rounds)
      throws Exception {
    boolean reads = deed.equals("read");
    try (Hub hub = new Hub();
        CPeer peer = hub.startPeer();
        ChildJvm java =
            new ChildJvm(
                changed,
                Duration.ofHours(1),
                CloseRace.class,
                hub.root().toString(),
                own.name().toLowerCase(Locale.ROOT),
                deed,
                "" + SEED,
                "" + rounds)) {
      peer.tell(race(own == Role.SERVER ? Role.CLIENT : Role.SERVER, !reads, Hub.JAVA, rounds));
      long[] ours = numbers(java.line().orElseThrow(() -> new IOException(java + " has failed")));
      long[] theirs = peer.answered();
      return Score.of(reads ? ours : theirs);
    }
  }

  /** The same rounds with libxenvchan at both ends; our end's part is played by a second peer. */
  private static Score betweenC(Role own, int rounds) throws Exception {
    try (Hub hub = new Hub();
        CPeer reader = hub.startPeer();
        CPeer writer = CPeer.start(hub.root(), Hub.JAVA.value())) {
      writer.tell(race(own, false, Hub.C, rounds));
      reader.tell(race(own == Role.SERVER ? Role.CLIENT : Role.SERVER, true, Hub.JAVA, rounds));
      writer.answered();
      return Score.of(reader.answered());
    }
  }

  /** What a peer is told: its role, what it does, and the domain it meets. */
  private static String race(Role role, boolean reads, DomainId other, int rounds) {
    DomainId self = other.equals(Hub.C) ? Hub.JAVA : Hub.C;
    return "race %s %s %s %s %d %d"
        .formatted(
            role.name().toLowerCase(Locale.ROOT),
            reads ? "read" : "write",
            other,
            Hub.path(role == Role.SERVER ? self : other, CloseRace.PORT.value()),
            SEED,
            rounds);
  }

  private static long[] numbers(String line) {
    return Arrays.stream(line.split(" ")).mapToLong(Long::parseLong).toArray();
  }
}
