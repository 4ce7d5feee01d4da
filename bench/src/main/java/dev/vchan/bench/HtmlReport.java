// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.stream.Collectors;

/** Results as one page that needs nothing else: a picture for each question, then all tables. */
final class HtmlReport {

  private static final String STYLE =
      """
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em;
        color: #1a1a1a; background: #fff }
      svg { width: 100%; height: auto }
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
    page.append("<title>vchan bench</title>\n<style>\n")
        .append(STYLE)
        .append(Pictures.STYLE)
        .append("</style></head>\n");
    page.append("<body>\n<h1>How fast is vchan?</h1>\n").append(INTRODUCTION);
    if (Machine.isBusy(results)) {
      page.append("<p class=\"missed\">The machine had other work when this run began (load ");
      page.append(Table.escaped(results.facts().getOrDefault("load before", "?")));
      page.append("): expect other figures when it is quiet.</p>\n");
    }
    for (Pictures.Picture picture : Pictures.of(results)) {
      page.append("<h2>").append(Table.escaped(picture.question())).append("</h2>\n<p>");
      page.append(Table.escaped(picture.reading())).append("</p>\n").append(picture.svg());
    }
    targets();
    page.append("<h2>All figures</h2>\n");
    for (Table table : new Tables(results).all()) {
      if (!table.title().equals("Targets")) {
        page.append(table.toHtml());
      }
    }
    return page.append("</body></html>\n").toString();
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
                            one.outcome().label()))
            .collect(
                Collectors.joining(
                    "",
                    "<table class=\"targets\"><thead><tr><th>what</th><th>target</th>"
                        + "<th>measured</th><th></th></tr></thead>\n<tbody>\n",
                    "</tbody></table>\n")));
  }
}
