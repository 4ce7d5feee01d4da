// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Case;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * No wake-up is lost between two of our endpoints, although no look without an event would ever
 * make up for it. With the second look taken out the same game hangs.
 */
@Timeout(value = 6, unit = TimeUnit.HOURS)
class PingPongTest {

  private static final long SEED = Long.getLong("vchan.seed", new Random().nextLong());

  /**
   * A mutant hangs within some hundred; on a busy machine, where two virtual threads may share a
   * carrier and run one after the other, it takes more.
   */
  private static final long MOST_ROUNDS_OF_A_MUTANT = 1_000_000;

  private static Figures figures;

  @TempDir private static Path mutant;

  @TempDir private Path root;

  /** Who plays where, and how often. */
  enum Game {
    PROCESSES(Place.BETWEEN_PROCESSES, 10_000_000, 50),
    PROCESSES_OF_VIRTUAL_THREADS(Place.BETWEEN_PROCESSES, 10_000_000, 500),
    PROCESSES_THAT_NEVER_SPIN(Place.BETWEEN_PROCESSES, 1_000_000, 50),
    ONE_PROCESS(Place.IN_PROCESS, 1_000_000, 10),
    ONE_PROCESS_OF_VIRTUAL_THREADS(Place.IN_PROCESS, 1_000_000, 50);

    private final Place place;
    private final long fullRounds;
    private final long share;

    Game(Place place, long fullRounds, long share) {
      this.place = place;
      this.fullRounds = fullRounds;
      this.share = share;
    }

    /** The first line that each process says. */
    List<String> play(Optional<Path> changed, Path root) throws IOException {
      long kept = Figures.FULL ? fullRounds : fullRounds / share;
      long rounds = changed.isPresent() ? MOST_ROUNDS_OF_A_MUTANT : kept;
      boolean neverSpin = this == PROCESSES_THAT_NEVER_SPIN;
      boolean virtual = name().endsWith("VIRTUAL_THREADS");
      return place
          .play(changed, PingPong.class, root, "" + SEED, "" + rounds, "" + neverSpin, "" + virtual)
          .stream()
          .map(List::getFirst)
          .toList();
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  @BeforeAll
  static void prepare() throws IOException {
    figures = new Figures("pingpong");
    figures.add("seed " + SEED + " (-Dvchan.seed)");
    Mutant.NO_SECOND_LOOK.compileTo(mutant);
  }

  @Case("T67")
  @ParameterizedTest
  @EnumSource
  void noWakeUpIsLost(Game game) throws Exception {
    List<String> kept = game.play(Optional.empty(), root);
    List<String> without = game.play(Optional.of(mutant), root);
    figures.add(
        "ping-pong, %s: %s; %s: %s"
            .formatted(game, kept.getFirst(), Mutant.NO_SECOND_LOOK.title(), without.getFirst()));
    assertThat(kept).as("seed %d", SEED).allMatch(said -> said.startsWith("ok"));
    assertThat(without).as("the mutant").allMatch(said -> said.startsWith(Pulse.HANG));
  }
}
