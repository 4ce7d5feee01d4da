// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The tables of a report, made from results. */
final class Tables {

  private static final String NOTHING = "–";
  private static final String VOID = "void";

  private final Results results;

  Tables(Results results) {
    this.results = results;
  }

  /** All of them, in the order in which a reader asks. */
  List<Table> all() {
    List<Table> tables = new ArrayList<>();
    tables.add(machine());
    tables.add(targets());
    tables.add(bareEvents());
    for (Placement placement : Placement.values()) {
      tables.addAll(streams(placement));
      trips(placement).ifPresent(tables::add);
    }
    touch().ifPresent(tables::add);
    tables.addAll(costs());
    tables.addAll(channels());
    tables.removeIf(table -> table.rows().isEmpty());
    return tables;
  }

  /** Those that a document shows: what was wanted, and the streams where they differ most. */
  List<Table> chosen() {
    List<Table> tables = new ArrayList<>(List.of(machine(), targets(), bareEvents()));
    tables.addAll(streams(Placement.PINNED));
    tables.addAll(streams(Placement.LOADED));
    for (Placement placement : Placement.values()) {
      trips(placement).ifPresent(tables::add);
    }
    touch().ifPresent(tables::add);
    tables.addAll(channels());
    tables.removeIf(table -> table.rows().isEmpty());
    return tables;
  }

  Table machine() {
    List<List<String>> rows = new ArrayList<>();
    results
        .facts()
        .forEach(
            (name, value) -> {
              if (!name.startsWith("warm-up of")) {
                rows.add(List.of(name, value));
              }
            });
    results.missing().forEach((rival, why) -> rows.add(List.of("missing: " + rival.label(), why)));
    return new Table("Machine and run", "", List.of("", ""), rows);
  }

  Table targets() {
    List<List<String>> rows =
        Targets.of(results).stream()
            .map(one -> List.of(one.name(), one.target(), one.measured(), one.outcome().label()))
            .toList();
    return new Table(
        "Targets",
        "Ratios are medians over rounds of ours to the other's, with a processor for each side"
            + " unless it says otherwise. 'By libc': long writes copied by the C library, and a"
            + " barrier behind a request in place of fences.",
        List.of("what", "target", "measured", ""),
        rows);
  }

  Table bareEvents() {
    Map<Placement, List<String>> rows = new TreeMap<>();
    for (BareEvent event : results.bareEvents()) {
      Question own = new Question(Work.EVENT, event.placement(), Plan.USUAL_RING, 1);
      rows.put(
          event.placement(),
          List.of(
              event.placement().label(),
              number(event.pipe()),
              number(event.event()),
              String.format(Locale.ROOT, "%.2f", event.ratio()),
              String.format(Locale.ROOT, "%.2f", event.ratioWithPoll()),
              event.counts() ? "counts" : VOID,
              value(own.of(Rival.EVENT), Metric.P50)));
    }
    return new Table(
        "A bare event there and back, us",
        "libxenvchan runs over a stand-in for Xen's libraries. Its figures are void where an event"
            + " of that costs more than "
            + BareEvent.LIMIT
            + " times a pipe's.",
        List.of(
            "", "pipe, C", "stand-in, C", "ratio", "with poll", "libxenvchan", "vchan local, Java"),
        List.copyOf(rows.values()));
  }

  private List<Table> streams(Placement placement) {
    List<Table> tables = new ArrayList<>();
    for (int ring : Plan.RINGS) {
      bySize(
              Work.STREAM,
              placement,
              ring,
              "Stream, MB/s, ring of " + Question.bytes(ring) + ", " + placement.label(),
              "median (least–most) by size of a write; more is better",
              cell -> spread(cell, Metric.MB_PER_SECOND))
          .ifPresent(tables::add);
    }
    return tables;
  }

  private Optional<Table> trips(Placement placement) {
    return bySize(
        Work.TRIP,
        placement,
        Plan.USUAL_RING,
        "Round trip, us, " + placement.label(),
        "mean / p50 / p99 / p99.9 by size of a message, medians over rounds; less is better",
        cell ->
            Stream.of(Metric.MEAN, Metric.P50, Metric.P99, Metric.P999)
                .map(metric -> value(cell, metric))
                .collect(Collectors.joining(" / ")));
  }

  private Optional<Table> touch() {
    List<Question> questions = results.questions(Work.TOUCH);
    return table(
        "Stream whose reader touches every byte once, MB/s, " + Placement.PINNED.label(),
        "median (least–most); more is better",
        questions,
        question -> Question.bytes(question.size()) + " in " + Question.bytes(question.ring()),
        cell -> spread(cell, Metric.MB_PER_SECOND));
  }

  private List<Table> costs() {
    Map<String, String> metrics = new LinkedHashMap<>();
    metrics.put(Metric.CPU_SECONDS_PER_GB, "Processor seconds per GB, both processes");
    metrics.put(Metric.EVENTS_PER_MB, "Events per MB, both sides");
    metrics.put(Metric.SYSCALLS_PER_MB, "System calls per MB, both processes");
    metrics.put(Metric.SLEEPS_PER_MB, "Voluntary switches (sleeps, yields) per MB, both processes");
    metrics.put(Metric.ALLOCATED_PER_CALL, "Bytes of heap per call, the side that takes more");
    List<Table> tables = new ArrayList<>();
    metrics.forEach(
        (metric, title) -> {
          for (int ring : Plan.RINGS) {
            bySize(
                    Work.STREAM,
                    Placement.PINNED,
                    ring,
                    title + ", ring of " + Question.bytes(ring),
                    "by size of a write, a processor for each side; less is better",
                    cell -> value(cell, metric))
                .map(Tables::withoutEmptyRows)
                .filter(table -> !table.rows().isEmpty())
                .ifPresent(tables::add);
          }
        });
    return tables;
  }

  private static Table withoutEmptyRows(Table table) {
    return new Table(
        table.title(),
        table.note(),
        table.header(),
        table.rows().stream()
            .filter(row -> row.stream().skip(1).anyMatch(word -> !word.equals(NOTHING)))
            .toList());
  }

  /** Opened, idle, and all in use. */
  private List<Table> channels() {
    List<Table> tables = new ArrayList<>();
    List<Question> opening = new ArrayList<>(results.questions(Work.CONNECT));
    opening.addAll(results.questions(Work.RUSH));
    table(
            "Channels opened, used for a byte each way, and closed in a second",
            "median (least–most); more is better",
            opening,
            question -> question.size() == 1 ? "one by one" : question.size() + " at once",
            cell -> spread(cell, Metric.CONNECTS_PER_SECOND))
        .ifPresent(tables::add);
    results.questions(Work.IDLE).forEach(question -> tables.add(idle(question, "nobody waits")));
    results
        .questions(Work.WAITING)
        .forEach(question -> tables.add(idle(question, "a virtual thread waits at each end")));
    table(
            "Round trips a second, all channels together, a virtual thread at each end",
            "64 B: median (least–most), more is better; us of processor time for each, both"
                + " processes; and the round trips of the channel with the fewest, beside the"
                + " average",
            results.questions(Work.ECHO),
            question -> question.size() + " channels",
            cell ->
                spread(cell, Metric.ECHOES_PER_SECOND)
                    + "; "
                    + value(cell, Metric.ECHO_CPU_MICROS)
                    + "; "
                    + value(cell, Metric.ECHO_FEWEST))
        .ifPresent(tables::add);
    return tables;
  }

  private Table idle(Question question, String who) {
    Map<String, String> metrics = new LinkedHashMap<>();
    metrics.put(Metric.IDLE_CPU_MILLIS, "all: ms/s");
    metrics.put(Metric.IDLE_THREADS, "threads");
    metrics.put(Metric.IDLE_DESCRIPTORS, "descriptors");
    metrics.put(Metric.IDLE_HEAP, "heap, B");
    metrics.put(Metric.IDLE_MEMORY, "other, B");
    metrics.put(Metric.IDLE_SLOWDOWN, "slowdown");
    List<String> header = new ArrayList<>(List.of(""));
    header.addAll(metrics.values());
    List<List<String>> rows = new ArrayList<>();
    for (Rival rival : results.rivals(question.work())) {
      List<String> row = new ArrayList<>(List.of(rival.label()));
      metrics.keySet().forEach(metric -> row.add(value(question.of(rival), metric)));
      rows.add(row);
    }
    return new Table(
        question.size() + " idle channels, " + who,
        "what they take together of a processor; then of each, both sides: threads, descriptors,"
            + " memory of the heap, and beside heap and rings; and how many times a round trip"
            + " beside them takes",
        header,
        rows);
  }

  private Optional<Table> bySize(
      Work work,
      Placement placement,
      int ring,
      String title,
      String note,
      Function<Cell, String> word) {
    List<Question> questions =
        results.questions(work).stream()
            .filter(one -> one.placement() == placement && one.ring() == ring)
            .sorted(Comparator.comparingInt(Question::size))
            .toList();
    return table(title, note, questions, question -> Question.bytes(question.size()), word);
  }

  private Optional<Table> table(
      String title,
      String note,
      List<Question> questions,
      Function<Question, String> name,
      Function<Cell, String> word) {
    if (questions.isEmpty()) {
      return Optional.empty();
    }
    List<String> header = new ArrayList<>(List.of(""));
    questions.forEach(question -> header.add(name.apply(question)));
    List<List<String>> rows =
        Arrays.stream(Rival.values())
            .filter(
                rival ->
                    results.rivals(questions.getFirst().work()).contains(rival)
                        || (results.missing().containsKey(rival)
                            && rival.does(questions.getFirst().work())))
            .map(
                rival -> {
                  List<String> row = new ArrayList<>(List.of(rival.label()));
                  questions.forEach(question -> row.add(word.apply(question.of(rival))));
                  return row.stream().collect(Collectors.toUnmodifiableList());
                })
            .toList();
    return Optional.of(new Table(title, note, header, rows));
  }

  private String spread(Cell cell, String metric) {
    return results
        .statistics(cell, metric)
        .map(one -> number(one.median()) + " (" + number(one.min()) + "–" + number(one.max()) + ")")
        .orElse(nothing(cell));
  }

  private String value(Cell cell, String metric) {
    return results.statistics(cell, metric).map(one -> number(one.median())).orElse(nothing(cell));
  }

  private String nothing(Cell cell) {
    if (results.missing().containsKey(cell.rival())) {
      return "missing";
    }
    return results.cells().contains(cell) && results.isVoid(cell) ? VOID : NOTHING;
  }

  /** Three significant digits or all before the point, whichever is more. */
  static String number(double value) {
    double size = Math.abs(value);
    int places =
        size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4;
    return String.format(Locale.ROOT, "%." + places + "f", value);
  }
}
