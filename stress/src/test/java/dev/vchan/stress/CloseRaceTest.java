// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Case;
import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whoever writes and closes at once loses nothing, however the other side waits. The same rounds
 * are played with the final look taken out, to show that they would have found a loss.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class CloseRaceTest {

  private static final int ROUNDS = Figures.FULL ? 200_000 : 20_000;

  /** Lose in dozens of rounds; more would only take longer. */
  private static final int MUTANT_ROUNDS = 5_000;

  private static final long SEED = Long.getLong("vchan.seed", new Random().nextLong());

  private static Figures figures;

  @TempDir private static Path mutant;

  @BeforeAll
  static void prepare() throws IOException {
    figures = new Figures("close-race");
    figures.add("seed " + SEED + " (-Dvchan.seed)");
    Mutant.NO_FINAL_LOOK.compileTo(mutant);
  }

  @Case("T70")
  @ParameterizedTest
  @ValueSource(strings = {"server", "client"})
  void nothingIsLostInProcess(String writer) throws Exception {
    Score kept = inProcess(Optional.empty(), writer, ROUNDS);
    Score without = inProcess(Optional.of(mutant), writer, MUTANT_ROUNDS);
    report("in process", writer, kept, without);
  }

  private static Score inProcess(Optional<Path> changed, String writer, int rounds)
      throws IOException {
    Duration lifetime = Duration.ofMinutes(30);
    try (ChildJvm child =
        new ChildJvm(changed, lifetime, CloseRace.class, writer, "" + SEED, "" + rounds)) {
      return Score.of(child);
    }
  }

  @Case("T70")
  @Test
  void nothingIsLostBetweenProcesses(@TempDir Path root) throws Exception {
    List<Score> kept = between(Optional.empty(), root, ROUNDS);
    List<Score> without = between(Optional.of(mutant), root, MUTANT_ROUNDS);
    report("between processes", "server", kept.getFirst(), without.getFirst());
    report("between processes", "client", kept.getLast(), without.getLast());
  }

  /** The rounds in which the server writes, and those in which the client does. */
  private static List<Score> between(Optional<Path> changed, Path root, int rounds)
      throws IOException {
    try (ChildJvm server = side(changed, "server", root, rounds);
        ChildJvm client = side(changed, "client", root, rounds)) {
      return List.of(
          Score.of(server).with(Score.of(client)), Score.of(server).with(Score.of(client)));
    }
  }

  private static ChildJvm side(Optional<Path> changed, String role, Path root, int rounds)
      throws IOException {
    String[] arguments = {role, root.resolve("hub").toString(), "" + SEED, "" + rounds};
    return new ChildJvm(changed, Duration.ofHours(1), CloseRaceBetween.class, arguments);
  }

  private static void report(String place, String writer, Score kept, Score without)
      throws IOException {
    figures.add(
        "close race, %s, %s writes: %s in %d ms; %s: %s in %d ms"
            .formatted(
                place,
                writer,
                kept,
                kept.millis(),
                Mutant.NO_FINAL_LOOK.title(),
                without,
                without.millis()));
    assertThat(kept.first()).as("first round that went wrong, seed %d", SEED).isEqualTo("-");
    assertThat(kept.lost()).isZero();
    assertThat(kept.wrongEnds()).isZero();
    assertThat(without.lost()).as("bytes lost by the mutant").isPositive();
  }
}
