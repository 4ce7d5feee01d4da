// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A picture of lines over sizes, both axes logarithmic, as SVG that needs nothing else. */
final class LinePlot {

  private static final int WIDTH = 760;
  private static final int HEIGHT = 380;
  private static final int LEFT = 64;
  private static final int TOP = 16;
  private static final int PLOT_WIDTH = 460;
  private static final int PLOT_HEIGHT = 310;

  private final String axis;
  private final Map<Rival, SortedMap<Integer, Double>> lines = new TreeMap<>();

  /**
   * Begins an empty picture.
   *
   * @param axis what is upwards, with its unit
   */
  LinePlot(String axis) {
    this.axis = axis;
  }

  /** Adds a point; values that a logarithm cannot show are left out. */
  void add(Rival rival, int size, double value) {
    if (value > 0) {
      lines.computeIfAbsent(rival, any -> new TreeMap<>()).put(size, value);
    }
  }

  boolean isEmpty() {
    return lines.isEmpty();
  }

  String toSvg(String description) {
    List<Double> values = lines.values().stream().flatMap(line -> line.values().stream()).toList();
    List<Integer> sizes =
        lines.values().stream()
            .flatMap(line -> line.keySet().stream())
            .distinct()
            .sorted()
            .toList();
    LogScale up = LogScale.over(values, TOP + PLOT_HEIGHT, TOP);
    LogScale along =
        LogScale.exactly(sizes.getFirst(), sizes.getLast(), LEFT + 20, LEFT + PLOT_WIDTH - 20);
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n"
            .formatted(WIDTH, HEIGHT, Table.escaped(description)));
    for (double tick : up.ticks()) {
      svg.append(
          line("grid", LEFT, up.at(tick), LEFT + PLOT_WIDTH, up.at(tick))
              + text("end", LEFT - 6, up.at(tick) + 4, LogScale.label(tick)));
    }
    for (int size : sizes) {
      svg.append(
          line("grid", along.at(size), TOP, along.at(size), TOP + PLOT_HEIGHT)
              + text("middle", along.at(size), TOP + PLOT_HEIGHT + 18, Question.bytes(size)));
    }
    svg.append(text("start", LEFT, HEIGHT - 14, axis + ", by size of a write or message"));
    int row = 0;
    for (Map.Entry<Rival, SortedMap<Integer, Double>> entry : lines.entrySet()) {
      svg.append(line(entry.getKey(), entry.getValue(), along, up));
      svg.append(legend(entry.getKey(), row++));
    }
    return svg.append("</svg>\n").toString();
  }

  private static String line(
      Rival rival, SortedMap<Integer, Double> line, LogScale along, LogScale up) {
    String points =
        line.entrySet().stream()
            .map(
                point -> decimal(along.at(point.getKey())) + "," + decimal(up.at(point.getValue())))
            .collect(Collectors.joining(" "));
    String title =
        rival.label()
            + line.entrySet().stream()
                .map(
                    point ->
                        Question.bytes(point.getKey()) + ": " + Tables.number(point.getValue()))
                .collect(Collectors.joining(", ", " – ", ""));
    String dots =
        line.entrySet().stream()
            .map(
                point ->
                    "<circle cx=\"%s\" cy=\"%s\" r=\"3\" fill=\"%s\"/>"
                        .formatted(
                            decimal(along.at(point.getKey())),
                            decimal(up.at(point.getValue())),
                            Colours.of(rival)))
            .collect(Collectors.joining());
    return "<g><title>%s</title><polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"%s/>%s</g>%n"
        .formatted(
            Table.escaped(title),
            points,
            Colours.of(rival),
            rival == Rival.VCHAN ? "3.5" : "1.6",
            Colours.dashes(rival),
            dots);
  }

  private static String legend(Rival rival, int row) {
    int x = LEFT + PLOT_WIDTH + 24;
    int y = TOP + 12 + row * 21;
    return "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"3\"%s/>%s%n"
        .formatted(
            x,
            y,
            x + 26,
            y,
            Colours.of(rival),
            Colours.dashes(rival),
            text("start", x + 34, y + 4, rival.label()));
  }

  static String line(String style, double x1, double y1, double x2, double y2) {
    return "<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>%n"
        .formatted(style, decimal(x1), decimal(y1), decimal(x2), decimal(y2));
  }

  static String text(String anchor, double x, double y, String text) {
    return "<text text-anchor=\"%s\" x=\"%s\" y=\"%s\">%s</text>%n"
        .formatted(anchor, decimal(x), decimal(y), Table.escaped(text));
  }

  static String decimal(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
