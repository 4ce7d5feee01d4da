// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A picture with a row of dots for each contestant on one logarithmic axis, as SVG. */
final class DotPlot {

  private static final int WIDTH = 760;
  private static final int LEFT = 190;
  private static final int PLOT_WIDTH = 540;
  private static final int ROW = 22;
  private static final int TOP = 30;

  /** Empty, half and full, so that they can be told apart in print. */
  private static final List<String> FILLS = List.of("0", "0.45", "1");

  private final String axis;
  private final List<String> names;
  private final Map<Rival, List<Double>> rows = new TreeMap<>();

  /**
   * Begins an empty picture.
   *
   * @param axis what is to the right, with its unit
   * @param names what the dots of a row are, at most three
   */
  DotPlot(String axis, List<String> names) {
    this.axis = axis;
    this.names = names;
  }

  /** Adds a row; values that a logarithm cannot show have no dot. */
  void add(Rival rival, List<Double> values) {
    if (values.stream().anyMatch(value -> value > 0)) {
      rows.put(rival, values);
    }
  }

  boolean isEmpty() {
    return rows.isEmpty();
  }

  String toSvg(String description) {
    List<Double> all =
        rows.values().stream().flatMap(List::stream).filter(value -> value > 0).toList();
    int bottom = TOP + rows.size() * ROW;
    LogScale along = LogScale.over(all, LEFT, LEFT + PLOT_WIDTH);
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n"
            .formatted(WIDTH, bottom + 48, Table.escaped(description)));
    for (double tick : along.ticks()) {
      svg.append(LinePlot.line("grid", along.at(tick), TOP, along.at(tick), bottom));
      svg.append(LinePlot.text("middle", along.at(tick), bottom + 18, LogScale.label(tick)));
    }
    svg.append(LinePlot.text("start", LEFT, bottom + 40, axis));
    for (int i = 0; i < names.size() && names.size() > 1; i++) {
      double x = LEFT + i * 180.0;
      svg.append(dot(x, 12, "#444", FILLS.get(i), names.get(i)));
      svg.append(LinePlot.text("start", x + 12, 16, names.get(i)));
    }
    int row = 0;
    for (Map.Entry<Rival, List<Double>> entry : rows.entrySet()) {
      svg.append(row(entry.getKey(), entry.getValue(), TOP + ROW * (row++ + 0.5), along));
    }
    return svg.append("</svg>\n").toString();
  }

  private String row(Rival rival, List<Double> values, double y, LogScale along) {
    StringBuilder svg = new StringBuilder();
    svg.append(LinePlot.text("end", LEFT - 10, y + 4, rival.label()));
    svg.append(LinePlot.line("grid", LEFT, y, LEFT + PLOT_WIDTH, y));
    for (int i = 0; i < values.size(); i++) {
      double value = values.get(i);
      if (value > 0) {
        String fill = names.size() == 1 ? "1" : FILLS.get(i);
        String title = rival.label() + ", " + names.get(i) + ": " + Tables.number(value);
        svg.append(dot(along.at(value), y, Colours.of(rival), fill, title));
      }
    }
    return svg.toString();
  }

  private static String dot(double x, double y, String colour, String fill, String title) {
    return "<circle cx=\"%s\" cy=\"%s\" r=\"5\" stroke=\"%s\" stroke-width=\"2\" fill=\"%s\" fill-opacity=\"%s\"><title>%s</title></circle>%n"
        .formatted(
            LinePlot.decimal(x), LinePlot.decimal(y), colour, colour, fill, Table.escaped(title));
  }
}
