// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Case;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A channel may be closed by another thread in the middle of anything: every call ends, and ends as
 * documented; the peer reads what was written, and then the end; nothing is left. If the close
 * wakes nobody, it hangs.
 */
@Timeout(value = 6, unit = TimeUnit.HOURS)
class CloseRoundsTest {

  private static final int ROUNDS = Figures.FULL ? 10_000 : 1_000;

  private static final long SEED = Long.getLong("vchan.seed", new Random().nextLong());

  private static Figures figures;

  @TempDir private static Path mutant;

  @TempDir private Path root;

  @BeforeAll
  static void prepare() throws IOException {
    figures = new Figures("closes");
    figures.add("seed " + SEED + " (-Dvchan.seed)");
    Mutant.CLOSE_WAKES_NOBODY.compileTo(mutant);
  }

  @Case("T83")
  @ParameterizedTest
  @EnumSource
  void everyCallEndsAsDocumented(Place place) throws Exception {
    List<List<String>> kept = play(place, Optional.empty());
    assertThat(filesLeft()).isEmpty();
    List<List<String>> without = play(place, Optional.of(mutant));
    for (List<String> said : kept) {
      figures.add("closes, %s, %d rounds: %s".formatted(place.title, ROUNDS, said.getLast()));
      for (String row : said.subList(0, said.size() - 1)) {
        figures.add(row);
      }
      assertThat(said.getLast()).as("seed %d", SEED).startsWith("ok");
    }
    String hang = without.getFirst().getLast();
    figures.add(
        "closes, %s, %s: %s".formatted(place.title, Mutant.CLOSE_WAKES_NOBODY.title(), hang));
    assertThat(hang).startsWith(Pulse.HANG);
  }

  private List<List<String>> play(Place place, Optional<Path> changed) throws IOException {
    return place.play(changed, CloseRounds.class, root, "" + SEED, "" + ROUNDS);
  }

  /** The file of locks stays by design; nothing else does. */
  private List<Path> filesLeft() throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(path -> Files.isRegularFile(path) && !path.endsWith("locks")).toList();
    }
  }
}
