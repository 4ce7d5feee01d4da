// SPDX-License-Identifier: Apache-2.0
package dev.vchan.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Mutant;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What fuzzing has saved: every input goes well, and would not with a planted bug. */
class CorpusTest {

  /** Far more than any input needs, and far less than a length that is believed would take. */
  private static final long MOST_MEMORY = 64 << 20;

  private static final Duration LIFETIME = Duration.ofSeconds(90);

  @ParameterizedTest
  @EnumSource
  void everySavedInputGoesWell(Target target) throws Exception {
    assertThat(target.corpus()).hasSizeGreaterThan(9);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (Path file : target.corpus()) {
      byte[] input = Files.readAllBytes(file);
      // Once for the classes that are loaded on the way.
      play(target, file, input);
      long before = threads.getCurrentThreadAllocatedBytes();
      play(target, file, input);
      long used = threads.getCurrentThreadAllocatedBytes() - before;
      assertThat(used).describedAs("bytes for %s", file).isLessThan(MOST_MEMORY);
    }
  }

  private static void play(Target target, Path file, byte[] input) {
    try {
      target.play(input);
    } catch (Exception | Error e) {
      throw new AssertionError(file.toString(), e);
    }
  }

  static Stream<Arguments> plantedBugs() {
    return Stream.of(Target.values())
        .flatMap(target -> target.planted().stream().map(bug -> Arguments.of(target, bug)));
  }

  @ParameterizedTest
  @MethodSource("plantedBugs")
  void oneOfThemMeetsThePlantedBug(Target target, Mutant bug, @TempDir Path folder)
      throws IOException {
    bug.compileTo(folder);
    try (ChildJvm child =
        new ChildJvm(Optional.of(folder), LIFETIME, CorpusMain.class, target.name())) {
      assertThat(child.line()).hasValueSatisfying(line -> assertThat(line).startsWith("found"));
    }
  }
}
