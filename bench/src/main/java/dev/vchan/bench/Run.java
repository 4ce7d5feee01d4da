// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A whole run: in every round each question in random order, and of each question the contestants
 * in random order, right after one another, so that whatever else the machine does falls on all
 * alike.
 */
final class Run {

  /** A burst of load must not make libxenvchan's figures void. */
  private static final int EVENT_ATTEMPTS = 3;

  private static final long EVENT_SECONDS = 60;

  /** Failures of one contestant after which it is given up. */
  private static final int MOST_FAILURES = 3;

  private final Plan plan;
  private final long seed;
  private final Programs programs;
  private final Progress progress;
  private final Results results = new Results();
  private final Map<Rival, Integer> failures = new EnumMap<>(Rival.class);

  Run(Plan plan, long seed, Programs programs, Progress progress) {
    this.plan = plan;
    this.seed = seed;
    this.programs = programs;
    this.progress = progress;
  }

  Results run() throws IOException, InterruptedException {
    Processors processors = Processors.own();
    Machine.describe(results, processors);
    results.fact("load before", Machine.load());
    results.fact("seed", seed);
    results.fact("rounds", plan.rounds());
    results.fact("idle channels looked at for, s", plan.times().idleMillis() / 1e3);
    List<Long> ticks = Machine.ticks();
    Plan possible = possible(processors);
    progress.say(
        "this takes about " + Progress.minutes(possible.seconds()) + " on a quiet machine");
    try (Stage stage = new Stage(programs)) {
      if (possible.rivals().contains(Rival.LIBXENVCHAN) && possible.asks(Work.EVENT)) {
        bareEvents(stage);
      }
      Measuring measuring = new Measuring(possible.times(), stage, processors, results);
      rounds(possible, measuring);
      countSystemCalls(measuring, stage);
    }
    results.fact("load after", Machine.load());
    results.fact("processors busy, %", Math.round(100 * Machine.busy(ticks, Machine.ticks())));
    results.fact("seconds", progress.seconds());
    return results;
  }

  /** What can be measured here; the rest is noted, with the reason and the remedy. */
  private Plan possible(Processors processors) throws IOException, InterruptedException {
    Map<Rival.Program, Optional<String>> missing = new EnumMap<>(Rival.Program.class);
    Set<Rival> rivals = EnumSet.noneOf(Rival.class);
    for (Rival rival : plan.rivals()) {
      Rival.Program program = rival.program();
      if (!missing.containsKey(program)) {
        missing.put(program, programs.missing(program));
      }
      Optional<String> why = missing.get(program);
      if (why.isPresent()) {
        results.missing(rival, why.get());
        progress.say(rival.label() + " is not measured: " + why.get());
      } else {
        rivals.add(rival);
      }
    }
    Map<Placement, String> impossible = processors.impossible();
    impossible.forEach(
        (placement, why) -> {
          results.fact("not measured: " + placement.label(), why);
          progress.say(placement.label() + " is not measured: " + why);
        });
    return plan.only(rivals::contains, one -> !impossible.containsKey(one.placement()));
  }

  private void bareEvents(Stage stage) throws IOException, InterruptedException {
    progress.say("measuring a bare event of the stand-in for Xen's libraries, beside a pipe");
    for (int i = 0; i < EVENT_ATTEMPTS; i++) {
      ProcessBuilder builder =
          new ProcessBuilder(programs.path("bench-event").toString(), "7", "500");
      stage.environment(builder.environment(), 0);
      Process process = builder.redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(EVENT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      // Where the figures count already, another attempt has nothing to add.
      BareEvent.parse(said).stream()
          .filter(event -> !results.eventCounts(event.placement()))
          .forEach(results::add);
      if (Arrays.stream(Placement.values()).allMatch(results::eventCounts)) {
        return;
      }
    }
  }

  private void rounds(Plan possible, Measuring measuring) throws InterruptedException {
    Random random = new Random(seed);
    List<Question> questions = new ArrayList<>(possible.questions());
    int cells = 0;
    for (Question question : questions) {
      cells += asked(possible, question).size();
    }
    progress.begin(cells * possible.rounds());
    for (int round = 0; round < possible.rounds(); round++) {
      Collections.shuffle(questions, random);
      for (Question question : questions) {
        List<Rival> rivals = asked(possible, question);
        Collections.shuffle(rivals, random);
        for (Rival rival : rivals) {
          progress.step(question + ", " + rival.label());
          measure(question.of(rival), measuring);
        }
      }
    }
  }

  private static List<Rival> asked(Plan possible, Question question) {
    return new ArrayList<>(
        possible.rivals().stream().filter(rival -> rival.does(question.work())).toList());
  }

  private void measure(Cell cell, Measuring measuring) throws InterruptedException {
    if (results.missing().containsKey(cell.rival())) {
      return;
    }
    try {
      measuring.measure(cell);
    } catch (IOException | RuntimeException e) {
      progress.say(cell.question() + ", " + cell.rival().label() + " failed: " + e.getMessage());
      if (failures.merge(cell.rival(), 1, Integer::sum) == MOST_FAILURES) {
        results.missing(cell.rival(), "failed " + MOST_FAILURES + " times: " + e.getMessage());
      }
    }
  }

  /** How many measurements failed. */
  int failures() {
    return failures.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** Of one ring are enough: counting takes long. */
  static boolean countsSystemCalls(Question question) {
    return question.work() == Work.STREAM
        && question.ring() == Plan.USUAL_RING
        && question.placement() == Placement.PINNED;
  }

  private void countSystemCalls(Measuring measuring, Stage stage)
      throws IOException, InterruptedException {
    Optional<String> missing = SystemCalls.missing();
    if (missing.isPresent()) {
      results.fact("system calls", "not counted: " + missing.get());
      return;
    }
    SystemCalls calls = new SystemCalls(stage.folder());
    for (Cell cell : List.copyOf(results.cells())) {
      Question question = cell.question();
      if (countsSystemCalls(question)
          && cell.rival().shape() != Rival.Shape.ALONE
          && !results.missing().containsKey(cell.rival())) {
        progress.step("system calls: " + question + ", " + cell.rival().label());
        try {
          measuring.countSystemCalls(cell, calls);
        } catch (IOException | RuntimeException e) {
          stage.end(cell.rival());
          progress.say("system calls of " + cell.rival().label() + ": " + e.getMessage());
        }
      }
    }
  }
}
