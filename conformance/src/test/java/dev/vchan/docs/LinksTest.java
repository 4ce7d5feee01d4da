// SPDX-License-Identifier: Apache-2.0
package dev.vchan.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What a document points at is there. */
class LinksTest {

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");
  private static final Pattern JAVA_FILE = Pattern.compile("\\b([A-Z]\\w*|package-info)\\.java\\b");
  private static final Pattern TEST_CLASS = Pattern.compile("`([A-Z]\\w*Test)\\b");

  @Test
  void everyRelativeLinkLeadsToAFileAndToAHeadingInIt() {
    List<String> broken = new ArrayList<>();
    for (Path document : Repository.documents()) {
      for (String link : all(LINK, withoutCode(Repository.read(document)))) {
        if (!link.contains("://")
            && !link.startsWith("mailto:")
            && !leadsSomewhere(document, link)) {
          broken.add(Repository.name(document) + " -> " + link);
        }
      }
    }
    assertThat(broken).isEmpty();
  }

  @Test
  void everyJavaFileADocumentNamesExists() {
    Set<String> known = javaFiles();
    for (Path document : Repository.documents()) {
      assertThat(known)
          .describedAs("Java files named in %s", Repository.name(document))
          .containsAll(
              all(JAVA_FILE, Repository.read(document)).stream()
                  .map(name -> name + ".java")
                  .toList());
    }
  }

  @Test
  void everyTestADocumentNamesExists() {
    Set<String> known = javaFiles();
    for (Path document : Repository.documents()) {
      for (String test : all(TEST_CLASS, Repository.read(document))) {
        assertThat(known).describedAs(Repository.name(document)).contains(test + ".java");
      }
    }
  }

  @Test
  void everyDecisionIsListedAndNumberedOnce() {
    List<String> decisions =
        Repository.documents().stream()
            .map(Repository::name)
            .filter(name -> name.startsWith("docs/adr/0"))
            .toList();
    assertThat(decisions).isNotEmpty();
    for (int i = 0; i < decisions.size(); i++) {
      String number = "%04d".formatted(i + 1);
      assertThat(decisions.get(i)).startsWith("docs/adr/" + number + "-");
      assertThat(Repository.read(decisions.get(i)))
          .startsWith("# " + number + " ")
          .contains("**Context.**", "**Decision.**", "**Consequences.**", "**Status.**");
      assertThat(Repository.read("docs/adr/README.md"))
          .contains("(" + decisions.get(i).substring("docs/adr/".length()) + ")");
    }
  }

  private static boolean leadsSomewhere(Path document, String link) {
    String[] parts = link.split("#", 2);
    Path target = parts[0].isEmpty() ? document : document.resolveSibling(parts[0]).normalize();
    if (!Files.exists(target)) {
      return false;
    }
    return parts.length == 1 || anchors(target).contains(parts[1]);
  }

  /** The anchors that the usual renderers make from headings. */
  private static Set<String> anchors(Path document) {
    return all(HEADING, withoutCode(Repository.read(document))).stream()
        .map(heading -> heading.toLowerCase(Locale.ROOT).strip())
        .map(heading -> heading.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
        .collect(Collectors.toSet());
  }

  /** Blocks of code hold brackets, hashes and parentheses that mean something else. */
  private static String withoutCode(String text) {
    return text.replaceAll("(?ms)^```.*?^```$", "");
  }

  private static Set<String> javaFiles() {
    return Repository.files().stream()
        .map(file -> file.getFileName().toString())
        .filter(name -> name.endsWith(".java"))
        .collect(Collectors.toSet());
  }

  private static List<String> all(Pattern pattern, String text) {
    return pattern.matcher(text).results().map((MatchResult found) -> found.group(1)).toList();
  }
}
