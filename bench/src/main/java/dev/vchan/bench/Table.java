// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A table for people.
 *
 * @param title what it shows
 * @param note how to read it; may be empty
 * @param header names of the columns
 * @param rows as many words as columns each
 */
record Table(String title, String note, List<String> header, List<List<String>> rows) {

  /** For a terminal: columns aligned, the first to the left and the others to the right. */
  String toText() {
    List<List<String>> all = new ArrayList<>();
    all.add(header);
    all.addAll(rows);
    int[] widths = new int[header.size()];
    for (List<String> row : all) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder out = new StringBuilder(title).append('\n');
    if (!note.isEmpty()) {
      out.append("  ").append(note).append('\n');
    }
    for (List<String> row : all) {
      StringBuilder line = new StringBuilder("  ");
      for (int i = 0; i < widths.length; i++) {
        String space = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? row.get(i) + space : "  " + space + row.get(i));
      }
      out.append(line.toString().stripTrailing()).append('\n');
    }
    return out.toString();
  }

  /** For a document. */
  String toMarkdown() {
    StringBuilder out = new StringBuilder("**").append(title).append("**");
    out.append(note.isEmpty() ? "" : "  \n" + note).append("\n\n");
    line(out, header);
    line(out, header.stream().map(any -> "---").toList());
    rows.forEach(row -> line(out, row.stream().map(word -> word.replace("|", "\\|")).toList()));
    return out.toString();
  }

  private static void line(StringBuilder out, List<String> words) {
    out.append(words.stream().collect(Collectors.joining(" | ", "| ", " |\n")));
  }

  /** For a page. */
  String toHtml() {
    StringBuilder out = new StringBuilder("<table><caption>").append(escaped(title));
    out.append("</caption>\n<thead>").append(line("th", header)).append("</thead>\n<tbody>\n");
    rows.forEach(row -> out.append(line("td", row)).append('\n'));
    out.append("</tbody></table>\n");
    return out.append(note.isEmpty() ? "" : "<p class=\"note\">" + escaped(note) + "</p>\n")
        .toString();
  }

  private static String line(String element, List<String> words) {
    return words.stream()
        .map(word -> "<" + element + ">" + escaped(word) + "</" + element + ">")
        .collect(Collectors.joining("", "<tr>", "</tr>"));
  }

  /** Text as HTML and SVG take it. */
  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
