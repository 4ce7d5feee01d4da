// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** All of it once, small: every contestant in Java moves bytes, and what it did is found. */
class EndToEndTest {

  private static final Question STREAM =
      new Question(Work.STREAM, Placement.FREE, 64 * Plan.KI, 4 * Plan.KI);
  private static final Question TRIP = new Question(Work.TRIP, Placement.FREE, Plan.USUAL_RING, 64);
  private static final Question CONNECT =
      new Question(Work.CONNECT, Placement.FREE, Plan.USUAL_RING, 1);
  private static final Question TOUCH =
      new Question(Work.TOUCH, Placement.FREE, 64 * Plan.KI, 64 * Plan.KI);
  private static final Question RUSH = new Question(Work.RUSH, Placement.FREE, Plan.USUAL_RING, 3);
  private static final Question IDLE = new Question(Work.IDLE, Placement.FREE, 4 * Plan.KI, 5);
  private static final Question WAITING =
      new Question(Work.WAITING, Placement.FREE, 4 * Plan.KI, 5);
  private static final Question ECHO = new Question(Work.ECHO, Placement.FREE, 4 * Plan.KI, 20);
  private static final Question LOADED =
      new Question(Work.TRIP, Placement.LOADED, Plan.USUAL_RING, 64);
  private static final Question EVENT =
      new Question(Work.EVENT, Placement.FREE, Plan.USUAL_RING, 1);

  @TempDir private Path folder;

  private final ByteArrayOutputStream said = new ByteArrayOutputStream();

  private Results run(Plan plan) throws Exception {
    PrintStream error = new PrintStream(said, true, StandardCharsets.UTF_8);
    Programs programs = new Programs(Path.of("..").toAbsolutePath().normalize(), folder);
    Run run = new Run(plan, 7, programs, new Progress(error, false));
    Results results = run.run();
    assertThat(run.failures()).as(said.toString(StandardCharsets.UTF_8)).isZero();
    assertThat(results.missing()).isEmpty();
    return results;
  }

  private static List<Path> leftovers() throws Exception {
    try (Stream<Path> files = Files.list(Path.of("/dev/shm"))) {
      return files.filter(file -> file.toString().contains("vchan-bench-")).toList();
    }
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void everyContestantInJavaIsMeasuredAndNothingIsLeft() throws Exception {
    List<Path> before = leftovers();
    Set<Rival> rivals =
        EnumSet.of(
            Rival.VCHAN,
            Rival.VIRTUAL,
            Rival.ZERO_COPY,
            Rival.BATCHED,
            Rival.IN_PROCESS,
            Rival.UNIX_JAVA,
            Rival.UNIX_VIRTUAL,
            Rival.EVENT);
    Plan plan =
        new Plan(
            List.of(STREAM, TOUCH, TRIP, CONNECT, RUSH, IDLE, WAITING, ECHO, EVENT, LOADED),
            rivals,
            2,
            new Plan.Times(1, 1, 20, 3, 20, 1));
    Results results = run(plan);
    for (Rival rival : rivals) {
      for (Question question : plan.questions()) {
        if (rival.does(question.work())) {
          assertThat(results.cells()).contains(question.of(rival));
        }
      }
    }
    assertThat(results.rounds(STREAM.of(Rival.VCHAN), Metric.MB_PER_SECOND))
        .hasSize(2)
        .allMatch(value -> value > 0);
    assertThat(results.rounds(STREAM.of(Rival.VCHAN), Metric.CPU_SECONDS_PER_GB))
        .allMatch(value -> value > 0);
    assertThat(results.median(STREAM.of(Rival.VCHAN), Metric.EVENTS_PER_MB)).isPresent();
    assertThat(results.median(STREAM.of(Rival.UNIX_JAVA), Metric.EVENTS_PER_MB)).isEmpty();
    for (Rival rival : rivals) {
      if (rival.does(Work.STREAM)) {
        assertThat(results.rounds(STREAM.of(rival), Metric.ALLOCATED_PER_CALL)).hasSize(2);
      }
    }
    assertThat(results.median(TRIP.of(Rival.VIRTUAL), Metric.P999).orElseThrow())
        .isGreaterThanOrEqualTo(results.median(TRIP.of(Rival.VIRTUAL), Metric.P50).orElseThrow());
    assertThat(results.median(CONNECT.of(Rival.VCHAN), Metric.CONNECTS_PER_SECOND)).isPresent();
    assertThat(results.median(IDLE.of(Rival.VCHAN), Metric.IDLE_DESCRIPTORS).orElse(0))
        .isGreaterThanOrEqualTo(2);
    assertThat(results.median(WAITING.of(Rival.VIRTUAL), Metric.IDLE_HEAP)).isPresent();
    for (Rival rival : List.of(Rival.VIRTUAL, Rival.UNIX_VIRTUAL)) {
      // Every pair got its turn.
      assertThat(results.rounds(ECHO.of(rival), Metric.ECHO_FEWEST)).allMatch(value -> value > 0);
      assertThat(results.rounds(ECHO.of(rival), Metric.ECHOES_PER_SECOND)).hasSize(2);
    }
    assertThat(results.median(LOADED.of(Rival.VCHAN), Metric.MEAN)).isPresent();
    assertThat(leftovers()).isEqualTo(before);
  }

  @Test
  void whatIsMissingIsSaidWithTheRemedy() throws Exception {
    PrintStream error = new PrintStream(said, true, StandardCharsets.UTF_8);
    // No sources there: as on a machine without compiler or headers.
    Programs programs = new Programs(folder, folder.resolve("programs"));
    Plan plan = new Plan(List.of(TRIP), EnumSet.of(Rival.TCP), 1, new Plan.Times(1, 1, 1, 1, 1, 1));
    Results results = new Run(plan, 7, programs, new Progress(error, false)).run();
    assertThat(results.missing().get(Rival.TCP)).contains("apt-get install gcc");
    assertThat(said.toString(StandardCharsets.UTF_8)).contains("TCP loopback, C is not measured");
    assertThat(results.cells()).isEmpty();
  }
}
