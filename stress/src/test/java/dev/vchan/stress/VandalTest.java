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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A process that vandalises its channels at full speed, dies and comes back, does nothing to the
 * others of the same JVM, and leaves nothing there. The same harness complains as soon as one of
 * the lines is missing that see to it.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class VandalTest {

  /** The property {@code vchan.vandal} has another one: {@code PT5M}. */
  private static final Duration TIME = Duration.parse(System.getProperty("vchan.vandal", "PT12S"));

  private static final Duration LIFE = Duration.ofSeconds(3);

  private static final long SEED = Long.getLong("vchan.seed", new Random().nextLong());

  private static Figures figures;

  @TempDir private Path folder;

  @BeforeAll
  static void prepare() throws IOException {
    figures = new Figures("vandal");
    figures.add("seed " + SEED + " (-Dvchan.seed)");
  }

  @Case("A14")
  @Case("A37")
  @Case("A47")
  @Test
  void aVandalHarmsItsOwnChannelsOnlyAndLeavesNothing() throws Exception {
    String verdict = run(Optional.empty(), TIME, LIFE, "all");
    figures.add("for %s: %s".formatted(TIME, verdict.equals("-") ? "nothing wrong" : verdict));
    assertThat(verdict).as("what was wrong first, seed %d", SEED).isEqualTo("-");
  }

  /**
   * With as much time as its weakest machine needs; the lives are long, since who dies lets go. Who
   * keeps every notice runs out of memory, or comes late because it only collects garbage.
   */
  @ParameterizedTest
  @CsvSource({
    "INDEX_UNCHECKED, SCRIBBLE, PT60S, (untyped|impossible).*",
    "HELLO_AWAITED, all, PT100S, hang.*",
    "NOTICES_UNLIMITED, NOTICES, PT60S, (footprint|late).*|.*OutOfMemoryError.*",
    "PAGES_STAY_MAPPED, all, PT20S, footprint.*"
  })
  void withoutALineThatProtectsThemSomethingIsWrong(
      Mutant mutant, String deed, Duration time, String wrong) throws Exception {
    String verdict = run(Optional.of(mutant), time, time, deed);
    figures.add(mutant.title() + ": " + verdict);
    assertThat(verdict).as("seed %d", SEED).matches(wrong);
  }

  private String run(Optional<Mutant> mutant, Duration time, Duration life, String deed)
      throws IOException {
    Optional<Path> changed = Optional.empty();
    if (mutant.isPresent()) {
      changed = Optional.of(Files.createDirectory(folder.resolve("changed")));
      mutant.get().compileTo(changed.get());
    }
    try (ChildJvm attacked =
        new ChildJvm(
            changed,
            time.plusMinutes(5),
            VandalRun.class,
            folder.resolve("hub").toString(),
            "" + SEED,
            time.toString(),
            life.toString(),
            deed)) {
      for (Optional<String> line = attacked.line(); line.isPresent(); line = attacked.line()) {
        if (line.get().startsWith(VandalRun.VERDICT)) {
          return line.get().substring(VandalRun.VERDICT.length());
        }
        if (mutant.isEmpty()) {
          figures.add(line.get());
        }
      }
    }
    return "the process under attack has ended, see its standard error";
  }
}
