// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What is to be reached, and what a run says about it. */
final class Targets {

  /** What became of a target. */
  enum Outcome {
    MISSED("MISSED"),
    /** Missed by the channel as it is, met by one with what the C library has. */
    MET_BY_LIBC("met by libc"),
    /** Something it needs was not measured, or does not count. */
    UNKNOWN("not measured"),
    MET("met");

    private final String label;

    Outcome(String label) {
      this.label = label;
    }

    /** For people. */
    String label() {
      return label;
    }
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

  private static final int CONNECTS = 1_000;
  private static final int IDLE_CPU_MILLIS = 1;
  private static final int IDLE_KIB = 16;

  /** What a program without vchan would use. */
  private static final List<Rival> SOCKETS = List.of(Rival.UNIX_C, Rival.UNIX_JAVA);

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
    targets.loaded();
    targets.costs();
    targets.channels();
    List<Target> sorted = new ArrayList<>(targets.found);
    sorted.sort(Comparator.comparing(Target::outcome));
    return sorted;
  }

  private List<Question> pinned(Work work) {
    return placed(work, Placement.PINNED);
  }

  private List<Question> placed(Work work, Placement placement) {
    return results.questions(work).stream()
        .filter(question -> question.placement() == placement)
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
    for (Question question : pinned(Work.STREAM)) {
      boolean sleeps =
          question.ring() <= 4 * Plan.KI
              || (question.ring() <= 64 * Plan.KI && question.size() >= 4 * Plan.KI);
      atLeast(
          "stream, " + cell(question) + ", beside libxenvchan",
          sleeps ? 5 : 0.9,
          ours -> results.ratio(question, ours, Rival.LIBXENVCHAN, Metric.MB_PER_SECOND));
    }
    bestOfPeers();
  }

  private void bestOfPeers() {
    int best = 0;
    int bestByLibc = 0;
    int compared = 0;
    for (Question question : pinned(Work.STREAM)) {
      Optional<Rival> peer = bestPeer(question);
      if (peer.isPresent()
          && results.median(question.of(Rival.VCHAN), Metric.MB_PER_SECOND).isPresent()) {
        compared++;
        best += isAhead(question, Rival.VCHAN, peer.get()) ? 1 : 0;
        bestByLibc += isAhead(question, Rival.VCHAN_LIBC, peer.get()) ? 1 : 0;
      }
    }
    Outcome outcome =
        compared == Plan.RINGS.size() * Plan.WRITES.size() ? Outcome.MISSED : Outcome.UNKNOWN;
    if (best >= CELLS_BEST) {
      outcome = Outcome.MET;
    } else if (bestByLibc >= CELLS_BEST) {
      outcome = Outcome.MET_BY_LIBC;
    }
    add(
        "stream, cells in which we are at least as fast as the best peer",
        "at least " + CELLS_BEST + " of 15",
        best + " of " + compared + (bestByLibc > 0 ? "; by libc " + bestByLibc : ""),
        outcome);
  }

  private boolean isAhead(Question question, Rival ours, Rival peer) {
    return results.ratio(question, ours, peer, Metric.MB_PER_SECOND).orElse(0) >= 1;
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
            ours -> results.ratio(question, ours, Rival.UNIX_JAVA, Metric.MB_PER_SECOND));
      }
    }
  }

  private void zeroCopy() {
    for (Question question : pinned(Work.TOUCH)) {
      atLeast(
          "zero copy beside our copies, every byte touched once, " + cell(question),
          1.5,
          ours ->
              results.ratio(
                  question,
                  ours == Rival.VCHAN ? Rival.ZERO_COPY : Rival.ZERO_COPY_LIBC,
                  ours,
                  Metric.MB_PER_SECOND));
    }
  }

  private void trips() {
    for (Question question : results.questions(Work.TRIP)) {
      if (question.size() != 64) {
        continue;
      }
      if (question.placement() == Placement.SHARED || question.placement() == Placement.LOADED) {
        atMost(
            "round trip, 64 B, p50, virtual threads, "
                + question.placement().label()
                + ", beside virtual threads on Unix sockets",
            1,
            results.ratio(question, Rival.VIRTUAL, Rival.UNIX_VIRTUAL, Metric.P50));
      }
      if (question.placement() == Placement.LOADED) {
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
      for (Rival socket : SOCKETS) {
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

  /** A busy machine. */
  private void loaded() {
    List<Rival> peers = new ArrayList<>(SOCKETS);
    peers.add(Rival.LIBXENVCHAN);
    for (Rival peer : peers) {
      for (Question question : placed(Work.STREAM, Placement.LOADED)) {
        atLeast(
            "busy machine, stream, " + cell(question) + ", beside " + peer.label(),
            1,
            ours -> results.ratio(question, ours, peer, Metric.MB_PER_SECOND));
      }
      for (Question question : placed(Work.TRIP, Placement.LOADED)) {
        String trip = "busy machine, round trip, " + Question.bytes(question.size()) + ", ";
        atMost(
            trip + "mean, beside " + peer.label(),
            1.2,
            results.ratio(question, Rival.VCHAN, peer, Metric.MEAN));
        atMost(
            trip + "p99, beside " + peer.label(),
            1.2,
            results.ratio(question, Rival.VCHAN, peer, Metric.P99));
      }
    }
  }

  /** Opened, idle, and many in use. */
  private void channels() {
    for (Question question : results.questions(Work.CONNECT)) {
      OptionalDouble opened = results.median(question.of(Rival.VCHAN), Metric.CONNECTS_PER_SECOND);
      add(
          "channels opened, used for a byte each way, and closed in a second",
          "at least " + CONNECTS,
          opened,
          opened.orElse(0) >= CONNECTS);
    }
    results.questions(Work.IDLE).forEach(question -> idle(question.of(Rival.VCHAN), ""));
    results
        .questions(Work.WAITING)
        .forEach(
            question -> idle(question.of(Rival.VIRTUAL), " with a virtual thread at each end"));
    for (Question question : results.questions(Work.ECHO)) {
      atLeast(
          "round trips through "
              + question.size()
              + " channels at once, virtual threads, beside Unix sockets",
          2,
          results.ratio(question, Rival.VIRTUAL, Rival.UNIX_VIRTUAL, Metric.ECHOES_PER_SECOND));
    }
  }

  private void idle(Cell cell, String who) {
    String name = cell.question().size() + " idle channels" + who + ", ";
    String time = name + "ms of processor time a second, all together";
    String least = "less than " + IDLE_CPU_MILLIS;
    OptionalDouble cpu = results.median(cell, Metric.IDLE_CPU_MILLIS);
    if (cpu.orElse(0) <= -IDLE_CPU_MILLIS) {
      // Nothing takes less than nothing: what else the processes did weighs more than the limit.
      add(time, least, Tables.number(cpu.getAsDouble()), Outcome.UNKNOWN);
    } else {
      add(time, least, cpu, cpu.orElse(0) < IDLE_CPU_MILLIS);
    }
    OptionalDouble heap = results.median(cell, Metric.IDLE_HEAP);
    OptionalDouble other = results.median(cell, Metric.IDLE_MEMORY);
    OptionalDouble kib =
        heap.isPresent() && other.isPresent()
            ? OptionalDouble.of((heap.getAsDouble() + other.getAsDouble()) / Plan.KI)
            : OptionalDouble.empty();
    add(
        name + "KiB of memory for each, both sides, beside the rings",
        "less than " + IDLE_KIB,
        kib,
        kib.orElse(0) < IDLE_KIB);
    atMost(
        name + "round trip through one more, p50, beside the same without them",
        1.2,
        results.median(cell, Metric.IDLE_SLOWDOWN));
  }

  private void costs() {
    worst("events per MB, beside libxenvchan's", Metric.EVENTS_PER_MB, 0);
    worst(
        "processor time per GB, rings of 64 KiB and more, beside libxenvchan's",
        Metric.CPU_SECONDS_PER_GB,
        64 * Plan.KI);
    double most = -1;
    for (Cell cell : results.cells()) {
      if (cell.rival() == Rival.VCHAN) {
        most = Math.max(most, results.median(cell, Metric.ALLOCATED_PER_CALL).orElse(-1));
      }
    }
    add(
        "bytes of heap per call, a processor for each side, in the worst cell",
        "0.0",
        most < 0 ? "–" : decimal(most, 2),
        most < 0 ? Outcome.UNKNOWN : most < 0.05 ? Outcome.MET : Outcome.MISSED);
  }

  /** One line for all streams: how many are at most 1, and the one that is worst. */
  private void worst(String name, String metric, int leastRing) {
    Worst plain = worstOf(Rival.VCHAN, metric, leastRing);
    Worst libc = worstOf(Rival.VCHAN_LIBC, metric, leastRing);
    String measured = plain.toString();
    Outcome outcome =
        plain.where == null
            ? Outcome.UNKNOWN
            : plain.met == plain.all ? Outcome.MET : Outcome.MISSED;
    if (outcome == Outcome.MISSED && libc.where != null) {
      measured += "; by libc " + libc;
      outcome = libc.met == plain.all ? Outcome.MET_BY_LIBC : Outcome.MISSED;
    }
    add(name, "at most 1 in every cell", measured, outcome);
  }

  private Worst worstOf(Rival ours, String metric, int leastRing) {
    Question cell = null;
    double most = 0;
    int met = 0;
    int all = 0;
    for (Question question : pinned(Work.STREAM)) {
      OptionalDouble ratio = results.ratio(question, ours, Rival.LIBXENVCHAN, metric);
      if (question.ring() >= leastRing && ratio.isPresent()) {
        all++;
        met += ratio.getAsDouble() <= 1 ? 1 : 0;
        if (ratio.getAsDouble() >= most) {
          most = ratio.getAsDouble();
          cell = question;
        }
      }
    }
    return new Worst(met, all, most, cell);
  }

  /** How many cells are as wanted, and the worst of all. */
  private record Worst(int met, int all, double most, @Nullable Question where) {

    @Override
    public String toString() {
      return where == null
          ? "–"
          : "in %d of %d; worst %s (%s)".formatted(met, all, decimal(most, 2), cell(where));
    }
  }

  /** Asks for the ratio of {@link Rival#VCHAN}, and if that misses for the one with libc. */
  private void atLeast(String name, double wanted, Function<Rival, OptionalDouble> ratio) {
    OptionalDouble plain = ratio.apply(Rival.VCHAN);
    OptionalDouble libc = ratio.apply(Rival.VCHAN_LIBC);
    if (plain.isEmpty() || libc.isEmpty() || plain.getAsDouble() >= wanted) {
      atLeast(name, wanted, plain);
    } else {
      add(
          name,
          "at least " + decimal(wanted, 1),
          Tables.number(plain.getAsDouble()) + "; by libc " + Tables.number(libc.getAsDouble()),
          libc.getAsDouble() >= wanted ? Outcome.MET_BY_LIBC : Outcome.MISSED);
    }
  }

  private void atLeast(String name, double wanted, OptionalDouble ratio) {
    add(name, "at least " + decimal(wanted, 1), ratio, ratio.orElse(0) >= wanted);
  }

  private void atMost(String name, double wanted, OptionalDouble ratio) {
    add(name, "at most " + decimal(wanted, 1), ratio, ratio.orElse(0) <= wanted);
  }

  private void add(String name, String target, OptionalDouble value, boolean met) {
    if (value.isEmpty()) {
      add(name, target, "–", Outcome.UNKNOWN);
    } else {
      add(name, target, Tables.number(value.getAsDouble()), met ? Outcome.MET : Outcome.MISSED);
    }
  }

  private void add(String name, String target, String measured, Outcome outcome) {
    found.add(new Target(name, target, measured, outcome));
  }

  private static String decimal(double value, int places) {
    return String.format(Locale.ROOT, "%." + places + "f", value);
  }
}
