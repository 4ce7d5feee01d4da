// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.vchan.testkit.Figures;
import dev.vchan.testkit.SourceChange;
import dev.vchan.testkit.schedule.Explorer.Failure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The production code under a scheduler that decides every switch: what must hold does so in every
 * schedule that is played, and each of the mistakes is found.
 */
class SchedulesTest {

  private static final long SEED = Long.getLong("vchan.seed", new Random().nextInt(1 << 30));
  private static final int RANDOM_SCHEDULES = Figures.FULL ? 1_000_000 : 10_000;

  /** Of a mistake: all schedules with this many interruptions, some at random, then all others. */
  private static final int FIRST_RANDOM_SCHEDULES = 30_000;

  private static final long SECONDS_FOR_A_MISTAKE = 60;
  private static final long NO_END = Long.MAX_VALUE;

  private static Figures figures;

  @BeforeAll
  static void begin() throws IOException {
    figures = new Figures(replayed() == null ? "schedules" : "replay");
    figures.add("seed " + SEED + " (-Dvchan.seed)");
  }

  private static String replayed() {
    return System.getProperty("vchan.replay");
  }

  @ParameterizedTest
  @EnumSource(Scene.class)
  void whatMustHoldDoesSoInEverySchedule(Scene scene) throws IOException {
    Explorer explorer = new Explorer(new World(Optional.empty()).situation(scene.situation));
    int bound = scene.interruptions(Figures.FULL);
    long start = System.nanoTime();
    Optional<Failure> failure = explorer.all(bound, scene.inTurn, NO_END);
    String turns = scene.inTurn ? " with turns taken, but" : "";
    report(scene, "%s up to %d interruptions".formatted(turns, bound), explorer, start, failure);
    start = System.nanoTime();
    failure = explorer.random(SEED, RANDOM_SCHEDULES, NO_END);
    report(scene, " at random", explorer, start, failure);
  }

  private static void report(
      Scene scene, String how, Explorer explorer, long start, Optional<Failure> failure)
      throws IOException {
    String result = failure.isEmpty() ? "holds" : "FAILS";
    figures.add(
        "%s,%s: %s: %,d schedules, %s"
            .formatted(scene.situation, how, result, explorer.runs(), since(start)));
    if (failure.isPresent()) {
      fail(explained(scene.situation, explorer, failure.get()));
    }
  }

  private static String since(long start) {
    return "%.1f s".formatted((System.nanoTime() - start) / 1e9);
  }

  private static String explained(String name, Explorer explorer, Failure failure) {
    return "%s%nstress/schedules --replay '%s@%s'%n%s"
        .formatted(
            String.join("\n", failure.wrong()),
            name,
            failure.picks(),
            explorer.replay(failure.picks()));
  }

  @ParameterizedTest
  @EnumSource(Mistake.class)
  void everyMistakeIsFound(Mistake mistake, @TempDir Path folder) throws IOException {
    Explorer explorer = new Explorer(worldOf(mistake, folder).situation(mistake.situation));
    long start = System.nanoTime();
    long end = start + TimeUnit.SECONDS.toNanos(SECONDS_FOR_A_MISTAKE);
    long runs = 0;
    Optional<Failure> failure = explorer.all(1, false, end);
    runs += explorer.runs();
    if (failure.isEmpty()) {
      failure = explorer.random(SEED, FIRST_RANDOM_SCHEDULES, end);
      runs += explorer.runs();
    }
    if (failure.isEmpty()) {
      failure = explorer.all(2, false, end);
      runs += explorer.runs();
    }
    String result = failure.isPresent() ? "caught: after" : "NOT CAUGHT in";
    figures.add(
        "mistake %s, %s: %s %,d schedules, %s: %s"
            .formatted(
                mistake,
                mistake.situation,
                result,
                runs,
                since(start),
                failure.map(found -> found.wrong().getFirst()).orElse("")));
    assertThat(failure).isPresent();
    // The list of decisions leads to the same again.
    assertThat(explorer.replay(failure.get().picks())).contains(failure.get().wrong());
  }

  private static World worldOf(Mistake mistake, Path folder) throws IOException {
    SourceChange.compile(mistake.changes, folder);
    return new World(Optional.of(folder));
  }

  @EnabledIfSystemProperty(named = "vchan.replay", matches = ".*")
  @Test
  void replay(@TempDir Path folder) throws IOException {
    String[] parts = replayed().split("@", -1);
    assertThat(parts).as("-Dvchan.replay is SITUATION@CHOICES or MISTAKE@CHOICES").hasSize(2);
    Optional<Mistake> mistake =
        List.of(Mistake.values()).stream().filter(one -> one.name().equals(parts[0])).findAny();
    World world =
        mistake.isPresent() ? worldOf(mistake.get(), folder) : new World(Optional.empty());
    String situation = mistake.map(one -> one.situation).orElse(parts[0]);
    figures.add(new Explorer(world.situation(situation)).replay(parts[1]));
  }
}
