// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/** What is to be reached, and what a run says about it. */
final class Targets {

  /** What became of a target. */
  enum Outcome {
    MISSED,
    /** Something it needs was not measured, or does not count. */
    UNKNOWN,
    MET
  }

  /**
   * One line of the table.
   *
   * @param name what is compared
   * @param target what is wanted
   * @param measured what was found
   * @param outcome which of the three
   */
  record Target(String name, String target, String measured, Outcome outcome) {}

  private static final int CELLS_BEST = 12;

  private final Results results;
  private final List<Target> found = new ArrayList<>();

  private Targets(Results results) {
    this.results = results;
  }

  /** All of them, those missed first. */
  static List<Target> of(Results results) {
    Targets targets = new Targets(results);
    targets.streams();
    targets.unixSockets();
    targets.zeroCopy();
    targets.trips();
    targets.costs();
    List<Target> sorted = new ArrayList<>(targets.found);
    sorted.sort(Comparator.comparing(Target::outcome));
    return sorted;
  }

  private List<Question> pinned(Work work) {
    return results.questions(work).stream()
        .filter(question -> question.placement() == Placement.PINNED)
        .toList();
  }

  /** A name for a stream's cell. */
  private static String cell(Question question) {
    return Question.bytes(question.size())
        + " writes, "
        + Question.bytes(question.ring())
        + " ring";
  }

  private void streams() {
    int best = 0;
    int compared = 0;
    for (Question question : pinned(Work.STREAM)) {
      boolean sleeps =
          question.ring() <= 4 * Plan.KI
              || (question.ring() <= 64 * Plan.KI && question.size() >= 4 * Plan.KI);
      atLeast(
          "stream, " + cell(question) + ", beside libxenvchan",
          sleeps ? 5 : 0.9,
          results.ratio(question, Rival.VCHAN, Rival.LIBXENVCHAN, Metric.MB_PER_SECOND));
      Optional<Rival> peer = bestPeer(question);
      OptionalDouble ours = results.median(question.of(Rival.VCHAN), Metric.MB_PER_SECOND);
      if (peer.isPresent() && ours.isPresent()) {
        compared++;
        OptionalDouble ratio =
            results.ratio(question, Rival.VCHAN, peer.get(), Metric.MB_PER_SECOND);
        best += ratio.isPresent() && ratio.getAsDouble() >= 1 ? 1 : 0;
      }
    }
    boolean all = compared == Plan.RINGS.size() * Plan.WRITES.size();
    add(
        "stream, cells in which we are at least as fast as the best peer",
        "at least " + CELLS_BEST + " of 15",
        best + " of " + compared,
        best >= CELLS_BEST ? Outcome.MET : all ? Outcome.MISSED : Outcome.UNKNOWN);
  }

  private Optional<Rival> bestPeer(Question question) {
    return results.rivals(question.work()).stream()
        .filter(Rival::isPeer)
        .filter(peer -> results.median(question.of(peer), Metric.MB_PER_SECOND).isPresent())
        .max(
            Comparator.comparingDouble(
                peer -> results.median(question.of(peer), Metric.MB_PER_SECOND).orElse(0)));
  }

  private void unixSockets() {
    for (Question question : pinned(Work.STREAM)) {
      if (question.ring() >= 64 * Plan.KI) {
        double wanted =
            switch (question.size()) {
              case 64 -> 20;
              case Plan.KI, 4 * Plan.KI -> 5;
              case 64 * Plan.KI -> question.ring() == 64 * Plan.KI ? 1.2 : 2;
              default -> 2;
            };
        atLeast(
            "stream, " + cell(question) + ", beside Java's Unix socket",
            wanted,
            results.ratio(question, Rival.VCHAN, Rival.UNIX_JAVA, Metric.MB_PER_SECOND));
      }
    }
  }

  private void zeroCopy() {
    for (Question question : pinned(Work.TOUCH)) {
      atLeast(
          "zero copy beside our copies, every byte touched once, " + cell(question),
          1.5,
          results.ratio(question, Rival.ZERO_COPY, Rival.VCHAN, Metric.MB_PER_SECOND));
    }
  }

  private void trips() {
    for (Question question : results.questions(Work.TRIP)) {
      if (question.size() != 64) {
        continue;
      }
      if (question.placement() == Placement.PINNED) {
        atMost(
            "round trip, 64 B, p50, beside Agrona's spinning ring",
            1.5,
            results.ratio(question, Rival.VCHAN, Rival.AGRONA, Metric.P50));
        atMost(
            "round trip, 64 B, p50, virtual beside platform threads",
            2,
            results.ratio(question, Rival.VIRTUAL, Rival.VCHAN, Metric.P50));
      }
      if (question.placement() == Placement.SHARED) {
        atMost(
            "round trip, 64 B, p50, one processor, beside libxenvchan",
            1.2,
            results.ratio(question, Rival.VCHAN, Rival.LIBXENVCHAN, Metric.P50));
      }
      for (Rival socket : List.of(Rival.UNIX_C, Rival.UNIX_JAVA)) {
        atMost(
            "round trip, 64 B, p99.9, "
                + question.placement().label()
                + ", beside the "
                + socket.label(),
            1,
            results.ratio(question, Rival.VCHAN, socket, Metric.P999));
      }
    }
  }

  private void costs() {
    worst(
        "events per MB, beside libxenvchan's",
        question -> results.ratio(question, Rival.VCHAN, Rival.LIBXENVCHAN, Metric.EVENTS_PER_MB));
    worst(
        "processor time per GB, rings of 64 KiB and more, beside libxenvchan's",
        question ->
            question.ring() < 64 * Plan.KI
                ? OptionalDouble.empty()
                : results.ratio(
                    question, Rival.VCHAN, Rival.LIBXENVCHAN, Metric.CPU_SECONDS_PER_GB));
    double most = -1;
    for (Cell cell : results.cells()) {
      if (cell.rival() == Rival.VCHAN) {
        most = Math.max(most, results.median(cell, Metric.ALLOCATED_PER_CALL).orElse(-1));
      }
    }
    add(
        "bytes of heap per call, in the worst cell",
        "0.0",
        most < 0 ? "–" : decimal(most, 2),
        most < 0 ? Outcome.UNKNOWN : most < 0.05 ? Outcome.MET : Outcome.MISSED);
  }

  /** One line for all streams: how many are at most 1, and the one that is worst. */
  private void worst(String name, Function<Question, OptionalDouble> ratio) {
    Question worst = null;
    double most = 0;
    int met = 0;
    int all = 0;
    for (Question question : pinned(Work.STREAM)) {
      OptionalDouble value = ratio.apply(question);
      if (value.isPresent()) {
        all++;
        met += value.getAsDouble() <= 1 ? 1 : 0;
        if (value.getAsDouble() >= most) {
          most = value.getAsDouble();
          worst = question;
        }
      }
    }
    add(
        name,
        "at most 1 in every cell",
        worst == null
            ? "–"
            : "in %d of %d; worst %s (%s)".formatted(met, all, decimal(most, 2), cell(worst)),
        worst == null ? Outcome.UNKNOWN : met == all ? Outcome.MET : Outcome.MISSED);
  }

  private void atLeast(String name, double wanted, OptionalDouble ratio) {
    add(name, "at least " + decimal(wanted, 1), ratio, ratio.orElse(0) >= wanted);
  }

  private void atMost(String name, double wanted, OptionalDouble ratio) {
    add(name, "at most " + decimal(wanted, 1), ratio, ratio.orElse(0) <= wanted);
  }

  private void add(String name, String target, OptionalDouble ratio, boolean met) {
    if (ratio.isEmpty()) {
      add(name, target, "–", Outcome.UNKNOWN);
    } else {
      add(name, target, decimal(ratio.getAsDouble(), 2), met ? Outcome.MET : Outcome.MISSED);
    }
  }

  private void add(String name, String target, String measured, Outcome outcome) {
    found.add(new Target(name, target, measured, outcome));
  }

  private static String decimal(double value, int places) {
    return String.format(Locale.ROOT, "%." + places + "f", value);
  }
}
