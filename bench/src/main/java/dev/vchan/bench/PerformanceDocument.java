// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;

/** A document with a section of figures that is written anew from results. */
final class PerformanceDocument {

  private static final String BEGIN = "<!-- figures: written by vchan bench --document -->\n";
  private static final String END = "<!-- end of figures -->\n";

  private PerformanceDocument() {}

  /**
   * Replaces the section.
   *
   * @throws IllegalArgumentException if the document has no such section
   */
  static void update(Path document, Results results) throws IOException {
    String text = Files.readString(document);
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IllegalArgumentException(
          document + " has no section between the lines " + BEGIN.strip() + " and " + END.strip());
    }
    Files.writeString(
        document,
        text.substring(0, begin + BEGIN.length())
            + "\n"
            + figures(results)
            + "\n"
            + text.substring(end));
  }

  private static String figures(Results results) {
    return new Tables(results)
        .chosen().stream().map(Table::toMarkdown).collect(Collectors.joining("\n"));
  }
}
