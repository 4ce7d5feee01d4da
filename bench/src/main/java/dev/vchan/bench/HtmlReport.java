// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Results as one page that needs nothing else: a picture for each question, then all tables. */
final class HtmlReport {

  private static final String STYLE =
      """
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em;
        color: #1a1a1a; background: #fff }
      svg { width: 100%; height: auto; font: 12px system-ui, sans-serif }
      svg text { fill: #333 }
      .grid { stroke: #ddd }
      .note { color: #555; font-size: 14px }
      table { border-collapse: collapse; margin: 1.5em 0 .3em; font-size: 13px; display: block;
        overflow-x: auto }
      caption { text-align: left; font-weight: 600; padding: .3em 0 }
      td, th { padding: .2em .7em; border-top: 1px solid #ddd; text-align: right; white-space: nowrap }
      td:first-child, th:first-child { text-align: left }
      .targets td { text-align: left; white-space: normal }
      .missed { color: #b00020; font-weight: 600 }
      """;

  private static final String INTRODUCTION =
      """
      <p>vchan carries bytes between two programs through memory that both of them see. Each direction
      has a <b>ring</b>: a piece of memory that the one side fills and the other empties. A side that
      has nothing to do sleeps, and the other wakes it with an <b>event</b>. Here that is measured beside
      other ways to get bytes from one process to another on the same machine: libxenvchan, which is
      Xen's own vchan in C; Unix-domain sockets, pipes and TCP, which go through the kernel; and Agrona's
      ring and Aeron, which use shared memory too, but never sleep: they keep a processor busy while they
      wait. memcpy is no way between processes; it shows how fast one processor copies.</p>
      <p>Every question was asked of all of them right after one another, in random order, several times;
      shown are the medians. The axes are logarithmic: from one line of the grid to the next is ten times
      as much. Figures of one machine say little about another; their ratios say more.</p>
      """;

  private final Results results;
  private final StringBuilder page = new StringBuilder();

  private HtmlReport(Results results) {
    this.results = results;
  }

  /** The page. */
  static String of(Results results) {
    return new HtmlReport(results).page();
  }

  private String page() {
    page.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    page.append("<meta name=\"viewport\" content=\"width=device-width\">\n");
    page.append("<title>vchan bench</title>\n<style>\n").append(STYLE).append("</style></head>\n");
    page.append("<body>\n<h1>How fast is vchan?</h1>\n").append(INTRODUCTION);
    if (Machine.isBusy(results)) {
      page.append("<p class=\"missed\">The machine had other work when this run began (load ");
      page.append(Table.escaped(results.facts().getOrDefault("load before", "?")));
      page.append("): expect other figures when it is quiet.</p>\n");
    }
    throughput();
    placements();
    latency();
    processorTime();
    channels();
    targets();
    page.append("<h2>All figures</h2>\n");
    for (Table table : new Tables(results).all()) {
      if (!table.title().equals("Targets")) {
        page.append(table.toHtml());
      }
    }
    return page.append("</body></html>\n").toString();
  }

  private void figure(String question, String reading, String svg) {
    page.append("<h2>").append(Table.escaped(question)).append("</h2>\n<p>");
    page.append(Table.escaped(reading)).append("</p>\n").append(svg);
  }

  private void throughput() {
    for (int ring : Plan.RINGS) {
      LinePlot plot = new LinePlot("MB/s, millions of bytes a second");
      points(plot, Work.STREAM, ring, Metric.MB_PER_SECOND);
      if (!plot.isEmpty()) {
        String question =
            "How many bytes a second go through a ring of " + Question.bytes(ring) + "?";
        figure(
            question,
            "Higher is better. One program writes in pieces of the size below, the other reads;"
                + " each has a processor. Sockets, pipes, TCP and Aeron have buffers of their own,"
                + " which the size of the ring does not change.",
            plot.toSvg(question));
      }
    }
  }

  private void points(LinePlot plot, Work work, int ring, String metric) {
    for (Cell cell : results.cells()) {
      Question question = cell.question();
      if (question.work() == work
          && question.placement() == Placement.PINNED
          && question.ring() == ring) {
        results
            .median(cell, metric)
            .ifPresent(value -> plot.add(cell.rival(), question.size(), value));
      }
    }
  }

  private void placements() {
    places(
        "Does it matter where the two programs run?",
        "Further right is better. Writes of 64 KiB, rings of 64 KiB. Whoever spins instead of"
            + " sleeping suffers most where both programs share a processor.",
        List.of(Placement.PINNED, Placement.FREE, Placement.SHARED));
    places(
        "What is left when the machine has other work?",
        "Further right is better. The same, with a processor for each, and with a program on each"
            + " processor that never stops: whoever sleeps has to get a processor back.",
        List.of(Placement.PINNED, Placement.LOADED));
  }

  private void places(String question, String reading, List<Placement> placements) {
    List<Question> asked =
        placements.stream()
            .map(one -> new Question(Work.STREAM, one, Plan.USUAL_RING, 64 * Plan.KI))
            .filter(results.questions(Work.STREAM)::contains)
            .toList();
    if (asked.size() > 1) {
      dots(
          question,
          reading,
          "MB/s, millions of bytes a second",
          asked,
          one -> one.placement().label(),
          Metric.MB_PER_SECOND);
    }
  }

  /** A dot for each question. */
  private void dots(
      String title,
      String reading,
      String axis,
      List<Question> questions,
      Function<Question, String> name,
      String metric) {
    DotPlot plot = new DotPlot(axis, questions.stream().map(name).toList());
    for (Rival rival : Rival.values()) {
      plot.add(rival, questions.stream().map(one -> median(one, rival, metric)).toList());
    }
    if (!plot.isEmpty()) {
      figure(title, reading, plot.toSvg(title));
    }
  }

  private void latency() {
    LinePlot sizes = new LinePlot("microseconds");
    points(sizes, Work.TRIP, Plan.USUAL_RING, Metric.P50);
    if (!sizes.isEmpty()) {
      String question = "How long does an answer take?";
      figure(
          question,
          "Lower is better. A message goes to the other program and comes back; half of the round"
              + " trips are at least this fast. Each program has a processor.",
          sizes.toSvg(question));
    }
    for (Placement placement : Placement.values()) {
      DotPlot plot =
          new DotPlot("microseconds", List.of("half of them", "99 of 100", "999 of 1000"));
      Question asked = new Question(Work.TRIP, placement, Plan.USUAL_RING, 64);
      for (Rival rival : results.rivals(Work.TRIP)) {
        plot.add(
            rival,
            List.of(
                median(asked, rival, Metric.P50),
                median(asked, rival, Metric.P99),
                median(asked, rival, Metric.P999)));
      }
      if (!plot.isEmpty()) {
        String question =
            "How long does an answer take in bad moments? (" + placement.label() + ")";
        figure(
            question,
            "Further left is better, and so are dots close together. Messages of 64 bytes; within"
                + " this time half, 99 of 100, and 999 of 1000 answers are there.",
            plot.toSvg(question));
      }
    }
  }

  private void processorTime() {
    dots(
        "How much processor time does it take?",
        "Further left is better. Writes of 64 bytes and of 64 KiB, rings of 64 KiB.",
        "processor seconds for 10^9 bytes, both programs",
        List.of(64, 64 * Plan.KI).stream()
            .map(size -> new Question(Work.STREAM, Placement.PINNED, Plan.USUAL_RING, size))
            .toList(),
        question -> Question.bytes(question.size()),
        Metric.CPU_SECONDS_PER_GB);
  }

  private void channels() {
    dots(
        "How much do many channels carry at once?",
        "Further right is better. Each channel has a thread at both ends, a cheap one of Java's:"
            + " messages of 64 bytes go there and back through all channels at once.",
        "round trips a second, all channels together",
        results.questions(Work.ECHO),
        question -> question.size() + " channels",
        Metric.ECHOES_PER_SECOND);
    dots(
        "How many channels can be opened in a second?",
        "Further right is better. Each is used for a byte there and back, and closed.",
        "channels a second",
        Stream.of(Work.CONNECT, Work.RUSH)
            .flatMap(work -> results.questions(work).stream())
            .toList(),
        question -> question.size() == 1 ? "one by one" : question.size() + " at once",
        Metric.CONNECTS_PER_SECOND);
    dots(
        "Does one channel suffer from others that are idle?",
        "Further left is better; 1 means not at all.",
        "how many times an answer takes",
        Stream.of(Work.IDLE, Work.WAITING)
            .flatMap(work -> results.questions(work).stream())
            .toList(),
        question -> question.size() + (question.work() == Work.IDLE ? " unused" : " waited for"),
        Metric.IDLE_SLOWDOWN);
  }

  /** Zero if there is none, which no logarithmic axis shows. */
  private double median(Question question, Rival rival, String metric) {
    OptionalDouble median = results.median(question.of(rival), metric);
    return median.orElse(0);
  }

  private void targets() {
    page.append("<h2>What was wanted, and what was reached?</h2>\n");
    page.append(
        Targets.of(results).stream()
            .map(
                one ->
                    "<tr class=\"%s\"><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>%n"
                        .formatted(
                            one.outcome() == Targets.Outcome.MISSED ? "missed" : "",
                            Table.escaped(one.name()),
                            Table.escaped(one.target()),
                            Table.escaped(one.measured()),
                            one.outcome().toString().toLowerCase(java.util.Locale.ROOT)))
            .collect(
                Collectors.joining(
                    "",
                    "<table class=\"targets\"><thead><tr><th>what</th><th>target</th>"
                        + "<th>measured</th><th></th></tr></thead>\n<tbody>\n",
                    "</tbody></table>\n")));
  }
}
