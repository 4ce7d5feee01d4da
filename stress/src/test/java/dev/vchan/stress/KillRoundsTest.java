// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Case;
import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A process killed at a random moment takes nothing with it that it had published, and leaves
 * nobody waiting and nothing behind. The same killing goes wrong as soon as the survivor looks at
 * the peer before the ring, or does not notice the death.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class KillRoundsTest {

  private static final int ROUNDS = Figures.FULL ? 250 : 30;

  /** The mutants stop at the first loss, or hang, after a few rounds. */
  private static final int MUTANT_ROUNDS = 100;

  /** Far longer than a round takes; more than a look period on top of it. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Less than the look period, by which a death that nobody reports is noticed after all. */
  private static final Duration SHORT_PATIENCE = Duration.ofSeconds(8);

  private static final long SEED = Long.getLong("vchan.seed", new Random().nextLong());

  private static Figures figures;

  @TempDir private Path folder;

  @BeforeAll
  static void prepare() throws IOException {
    figures = new Figures("kill");
    figures.add("seed " + SEED + " (-Dvchan.seed)");
  }

  @Case("A42")
  @Case("A43")
  @ParameterizedTest
  @ValueSource(strings = {"server", "client"})
  void whatTheDeadHadPublishedArrives(String victim) throws Exception {
    Score kept = run(Optional.empty(), victim, ROUNDS, PATIENCE);
    Score eager = run(Optional.of(Mutant.GONE_IS_THE_END), victim, MUTANT_ROUNDS, PATIENCE);
    Score blind = run(Optional.of(Mutant.DEATH_UNNOTICED), victim, MUTANT_ROUNDS, SHORT_PATIENCE);
    figures.add(
        "kill -9 of the %s: %s in %d ms; %s: %s; %s: %s"
            .formatted(
                victim,
                kept,
                kept.millis(),
                Mutant.GONE_IS_THE_END.title(),
                eager,
                Mutant.DEATH_UNNOTICED.title(),
                blind.first()));
    assertThat(kept.first()).as("what went wrong first, seed %d", SEED).isEqualTo("-");
    assertThat(kept.lost()).isZero();
    assertThat(kept.wrongEnds()).isZero();
    assertThat(eager.lost()).as("bytes lost by the first mutant").isPositive();
    assertThat(blind.first()).as("the second mutant").startsWith("hang");
  }

  private Score run(Optional<Mutant> mutant, String victim, int rounds, Duration patience)
      throws IOException {
    Path place = Files.createTempDirectory(folder, "k");
    Optional<Path> changed = Optional.empty();
    if (mutant.isPresent()) {
      changed = Optional.of(Files.createDirectory(place.resolve("changed")));
      mutant.get().compileTo(changed.get());
    }
    Path records = Files.createDirectory(place.resolve("records"));
    try (ChildJvm survivor =
        new ChildJvm(
            changed,
            Duration.ofHours(1),
            KillRounds.class,
            victim,
            place.resolve("hub").toString(),
            records.toString(),
            "" + SEED,
            "" + rounds,
            patience.toString(),
            "" + mutant.isPresent())) {
      for (Optional<String> line = survivor.line(); line.isPresent(); line = survivor.line()) {
        Optional<Score> score = Score.parse(line.get());
        if (score.isPresent()) {
          return score.get();
        }
        if (mutant.isEmpty()) {
          figures.add(line.get());
        }
      }
    }
    throw new IOException("the survivor did not come to its end, see its standard error");
  }
}
