// SPDX-License-Identifier: Apache-2.0
package dev.vchan.docs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What README.md promises has evidence, and docs/evidence.md says nothing but what runs have said.
 */
class EvidenceTest {

  private static final String TABLE = "### What differs from libxenvchan and ocaml-vchan";
  private static final Pattern PROMISE = Pattern.compile("(?m)^\\* \\*\\*(.+?)\\*\\*");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| ([^|]+) \\|");
  private static final Pattern TESTS = Pattern.compile("-Dtest='(.*?)'");

  /** One thing that shows a promise; the last two are empty where no figures are kept. */
  private record Row(String promise, String shows, String command, String figures, String lines) {

    static Row parse(String line) {
      String[] columns = Arrays.copyOf(line.split("\t", -1), 5);
      return new Row(columns[0], columns[1], columns[2], columns[3], columns[4]);
    }

    boolean hasFigures() {
      return figures != null && Files.exists(Repository.ROOT.resolve(file()));
    }

    String file() {
      return "docs/figures/" + figures + ".txt";
    }
  }

  private static List<Row> rows() {
    return Repository.read("docs/evidence.tsv")
        .lines()
        .filter(line -> !line.startsWith("#"))
        .map(Row::parse)
        .toList();
  }

  @Test
  void everyPromiseHasEvidenceAndAllEvidenceIsOfAPromise() {
    String readme = Repository.read("README.md");
    List<String> promises = new ArrayList<>();
    PROMISE
        .matcher(section(readme, "## What it promises"))
        .results()
        .forEach(found -> promises.add(found.group(1)));
    assertThat(promises).isNotEmpty();
    ROW.matcher(section(readme, TABLE))
        .results()
        .map(found -> found.group(1).strip())
        .filter(cell -> !cell.isEmpty())
        .forEach(cell -> promises.add("Differs: " + cell));
    assertThat(rows().stream().map(Row::promise).distinct().toList())
        .containsExactlyElementsOf(promises);
  }

  /** From a heading to the next one. */
  private static String section(String text, String heading) {
    assertThat(text).contains("\n" + heading + "\n");
    String rest = text.substring(text.indexOf("\n" + heading + "\n") + heading.length() + 2);
    return rest.split("\n#", 2)[0];
  }

  @Test
  void everyCommandIsThere() {
    for (Row row : rows()) {
      String program = row.command().split(" ")[0];
      assertThat(program.equals("mvn") || Files.isExecutable(Repository.ROOT.resolve(program)))
          .as(row.command())
          .isTrue();
      if (program.equals("mvn")) {
        Matcher tests = TESTS.matcher(row.command());
        assertThat(tests.find()).as(row.command()).isTrue();
        for (String name : tests.group(1).split(",")) {
          assertThat(isATest(name)).as("%s in %s", name, row.command()).isTrue();
        }
      }
    }
  }

  private static boolean isATest(String name) {
    PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:**/" + name + ".java");
    return Repository.files().stream().anyMatch(matcher::matches);
  }

  @Test
  void everyFigureIsShown() throws Exception {
    Path figures = Repository.ROOT.resolve("docs/figures");
    List<String> shown = rows().stream().filter(Row::hasFigures).map(Row::file).toList();
    if (Files.exists(figures)) {
      try (Stream<Path> files = Files.list(figures)) {
        assertThat(files.map(Repository::name)).allMatch(shown::contains);
      }
    }
  }

  @Test
  void theDocumentIsWhatTheRunsHaveSaid() throws Exception {
    Process writing =
        new ProcessBuilder("docs/evidence", "--print")
            .directory(Repository.ROOT.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String written = new String(writing.getInputStream().readAllBytes(), UTF_8);
    assertThat(writing.waitFor(10, TimeUnit.SECONDS) && writing.exitValue() == 0).isTrue();
    assertThat(Repository.read("docs/evidence.md"))
        .as("docs/evidence writes it anew")
        .isEqualTo(written);
  }
}
