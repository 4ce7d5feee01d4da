// SPDX-License-Identifier: Apache-2.0
package dev.vchan.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Lets every fuzzer find its planted bugs, from random bytes, and then look for others. Too long
 * for every build; {@code fuzz/run} runs it.
 */
class Campaign {

  private static final int SECONDS = Figures.FULL ? 600 : 15;

  /** A bound, not a measure: who has found the bug ends. */
  private static final int SECONDS_TO_FIND = Figures.FULL ? 600 : 60;

  private static final int AT_ONCE = 2;

  @Test
  @Timeout(value = 2, unit = TimeUnit.HOURS)
  void everyPlantedBugIsFoundAndNoOther() throws Exception {
    Figures figures = new Figures("fuzz");
    int seed = 1 + Math.floorMod(Long.getLong("vchan.seed", System.nanoTime()), 1 << 30);
    figures.add("seed " + seed);
    List<Future<FuzzRun>> runs = new ArrayList<>();
    try (ExecutorService workers = Executors.newFixedThreadPool(AT_ONCE)) {
      targets().forEach(target -> plan(target, seed).forEach(run -> runs.add(workers.submit(run))));
    }
    List<FuzzRun> wrong = new ArrayList<>();
    for (Future<FuzzRun> each : runs) {
      FuzzRun run = each.get();
      figures.add(run.toString());
      if (!run.isAsItShouldBe()) {
        wrong.add(run);
      }
    }
    assertThat(wrong).isEmpty();
  }

  private static Stream<Target> targets() {
    String names = System.getProperty("vchan.fuzz", "");
    return names.isEmpty()
        ? Stream.of(Target.values())
        : Arrays.stream(names.split(",", -1)).map(Target::named);
  }

  private static List<Callable<FuzzRun>> plan(Target target, int seed) {
    List<Callable<FuzzRun>> plan = new ArrayList<>();
    for (Mutant bug : target.planted()) {
      plan.add(() -> FuzzRun.of(target, Optional.of(bug), SECONDS_TO_FIND, seed));
    }
    plan.add(() -> FuzzRun.of(target, Optional.empty(), SECONDS, seed));
    return plan;
  }
}
