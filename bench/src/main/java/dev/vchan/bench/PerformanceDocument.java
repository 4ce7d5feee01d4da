// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** A document with a section of figures that is written anew from results. */
final class PerformanceDocument {

  private static final String BEGIN = "<!-- figures: written by vchan bench --document -->\n";
  private static final String END = "<!-- end of figures -->\n";

  private static final String PICTURES = "pictures";

  private PerformanceDocument() {}

  /**
   * Replaces the section, and the pictures in the folder beside the document that it shows.
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
    Path folder = document.toAbsolutePath().resolveSibling(PICTURES);
    List<Pictures.Picture> pictures = Pictures.of(results);
    replace(folder, pictures);
    Files.writeString(
        document,
        text.substring(0, begin + BEGIN.length())
            + "\n"
            + figures(results)
            + "\n"
            + pictures.stream().map(PerformanceDocument::shown).collect(Collectors.joining("\n"))
            + "\n"
            + text.substring(end));
  }

  private static void replace(Path folder, List<Pictures.Picture> pictures) throws IOException {
    Files.createDirectories(folder);
    try (DirectoryStream<Path> old = Files.newDirectoryStream(folder, "*.svg")) {
      for (Path file : old) {
        Files.delete(file);
      }
    }
    for (Pictures.Picture picture : pictures) {
      Files.writeString(folder.resolve(picture.name() + ".svg"), picture.toFile());
    }
  }

  private static String shown(Pictures.Picture picture) {
    return "**%s** %s%n%n![%s](%s/%s.svg)%n"
        .formatted(
            picture.question(), picture.reading(), picture.question(), PICTURES, picture.name());
  }

  private static String figures(Results results) {
    return new Tables(results)
        .chosen().stream().map(Table::toMarkdown).collect(Collectors.joining("\n"));
  }
}
