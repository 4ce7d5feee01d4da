// SPDX-License-Identifier: Apache-2.0
package dev.vchan.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each way in which the catalogue's check must stop a build. */
class CatalogueCheckTest {

  private static final String GOOD = "T01 one a.B#c PASSED";

  @TempDir Path root;
  private Catalogue catalogue;
  private String output;

  @BeforeEach
  void twoCases() throws IOException {
    catalogue = Catalogue.parse(List.of("# about", "T01\trun\tFirst", "A01\tneeds Xen\tSecond"));
  }

  @Test
  void aCaseThatPassedAndOneListedAreGood() throws Exception {
    assertThat(check(GOOD)).isTrue();
    assertThat(output)
        .startsWith(
            "conformance: 1 of 1 ran and passed, 0 listed with a reason;"
                + " attacks: 0 of 1 ran and passed, 1 listed with a reason");
    assertThat(root.resolve("conformance/target/catalogue.md"))
        .content()
        .contains("| T01 | First | a.B#c | local | PASSED |", "| A01 | Second |  |  | needs Xen |");
  }

  @Test
  void aCaseThatDidNotRunIsBad() throws Exception {
    assertThat(check()).isFalse();
    assertThat(output).contains("T01 has no test that ran and passed: First");
  }

  @Test
  void aCaseWhoseOnlyTestWasSkippedIsBad() throws Exception {
    assertThat(check("T01 one a.B#c SKIPPED")).isFalse();
    assertThat(output).contains("T01 has no test that ran and passed: First");
  }

  @Test
  void aCaseThatFailedIsBadThoughAnotherTestOfItPassed() throws Exception {
    assertThat(check(GOOD, "T01 one a.B#d FAILED")).isFalse();
    assertThat(output).contains("T01 failed: a.B#d");
    assertThat(check(GOOD, "T01 one a.B#d ABORTED")).isFalse();
  }

  @Test
  void aListedCaseThatRanIsBad() throws Exception {
    assertThat(check(GOOD, "A01 one a.B#d PASSED")).isFalse();
    assertThat(output).contains("A01 is listed as \"needs Xen\" but has a test: a.B#d");
  }

  @Test
  void anUnknownCaseIsBad() throws Exception {
    assertThat(check(GOOD, "T02 one a.B#d PASSED")).isFalse();
    assertThat(output).contains("T02 is in no catalogue: a.B#d");
  }

  @Test
  void resultsOfAnEarlierBuildAreBad() throws Exception {
    write("before", GOOD);
    assertThat(checkOnly("now")).isFalse();
    assertThat(output)
        .contains("one has no results of this build, only old ones", "T01 has no test that ran");
  }

  @Test
  void aModuleWithoutResultsIsBad() throws Exception {
    assertThat(checkOnly("now")).isFalse();
    assertThat(output).contains("one has no results: were its tests skipped?");
  }

  @Test
  void theCatalogueHasEveryNumberOnceAndATitleForEach() throws Exception {
    List<String> ids = Catalogue.load().cases().stream().map(Catalogue.Entry::id).toList();
    assertThat(ids.subList(0, 94))
        .isEqualTo(IntStream.rangeClosed(1, 94).mapToObj("T%02d"::formatted).toList());
    assertThat(ids.subList(94, ids.size()))
        .isEqualTo(IntStream.rangeClosed(1, 60).mapToObj("A%02d"::formatted).toList());
    assertThat(Catalogue.load().cases()).allMatch(entry -> !entry.title().isBlank());
  }

  private boolean check(String... results) throws IOException {
    write("now", results);
    return checkOnly("now");
  }

  private void write(String build, String... results) throws IOException {
    Path directory = Files.createDirectories(root.resolve("one/target/catalogue"));
    String lines = String.join("\n", results).replace(' ', '\t');
    Files.writeString(directory.resolve("results.tsv"), "build\t" + build + "\n" + lines);
  }

  private boolean checkOnly(String build) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream all = new PrintStream(bytes, true, UTF_8);
    boolean good = CatalogueCheck.check(catalogue, root, build, List.of("one"), all, all);
    output = bytes.toString(UTF_8);
    return good;
  }
}
