// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Stream;

/** A picture for each question that the results answer, readable without any table. */
final class Pictures {

  /** How pictures look, for the page that shows them. */
  static final String STYLE =
      """
      svg { font: 12px system-ui, sans-serif }
      svg text { fill: #333 }
      .grid { stroke: #ddd }
      """;

  private static final String BACKGROUND =
      """
      <rect width="100%" height="100%" fill="#fff"/>
      """;

  /**
   * One of them.
   *
   * @param question what it answers
   * @param reading how to read it
   * @param svg the picture, to stand in a page
   */
  record Picture(String question, String reading, String svg) {

    /** A name for its file. */
    String name() {
      return question.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("-$", "");
    }

    /** The picture as a file of its own. */
    String toFile() {
      String tag = "<svg xmlns=\"http://www.w3.org/2000/svg\" ";
      int end = svg.indexOf('>') + 1;
      return tag
          + svg.substring("<svg ".length(), end)
          + "\n<style>\n"
          + STYLE
          + "</style>\n"
          + BACKGROUND
          + svg.substring(end).strip()
          + "\n";
    }
  }

  private final Results results;
  private final List<Picture> pictures = new ArrayList<>();

  private Pictures(Results results) {
    this.results = results;
  }

  /** All that can be drawn. */
  static List<Picture> of(Results results) {
    Pictures drawn = new Pictures(results);
    drawn.throughput();
    drawn.placements();
    drawn.latency();
    drawn.processorTime();
    drawn.channels();
    return drawn.pictures;
  }

  private void picture(String question, String reading, String svg) {
    pictures.add(new Picture(question, reading, svg));
  }

  private void throughput() {
    for (int ring : Plan.RINGS) {
      LinePlot plot = new LinePlot("MB/s, millions of bytes a second");
      points(plot, Work.STREAM, ring, Metric.MB_PER_SECOND);
      if (!plot.isEmpty()) {
        String question =
            "How many bytes a second go through a ring of " + Question.bytes(ring) + "?";
        picture(
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
      picture(title, reading, plot.toSvg(title));
    }
  }

  private void latency() {
    LinePlot sizes = new LinePlot("microseconds");
    points(sizes, Work.TRIP, Plan.USUAL_RING, Metric.P50);
    if (!sizes.isEmpty()) {
      String question = "How long does an answer take?";
      picture(
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
        picture(
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
        questions(Work.CONNECT, Work.RUSH),
        question -> question.size() == 1 ? "one by one" : question.size() + " at once",
        Metric.CONNECTS_PER_SECOND);
    dots(
        "Does one channel suffer from others that are idle?",
        "Further left is better; 1 means not at all.",
        "how many times an answer takes",
        questions(Work.IDLE, Work.WAITING),
        question -> question.size() + (question.work() == Work.IDLE ? " unused" : " waited for"),
        Metric.IDLE_SLOWDOWN);
  }

  private List<Question> questions(Work... works) {
    return Stream.of(works).flatMap(work -> results.questions(work).stream()).toList();
  }

  /** Zero if there is none, which no logarithmic axis shows. */
  private double median(Question question, Rival rival, String metric) {
    OptionalDouble median = results.median(question.of(rival), metric);
    return median.orElse(0);
  }
}
