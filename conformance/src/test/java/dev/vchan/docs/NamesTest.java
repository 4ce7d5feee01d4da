// SPDX-License-Identifier: Apache-2.0
package dev.vchan.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Names of the code that stand in the documents are names that the code has. */
class NamesTest {

  private static final Pattern NAME =
      Pattern.compile("`([A-Z][a-z]\\w*)(?:\\.(?!java`)([a-z]\\w*|[A-Z_]+)\\b)?(?:\\([^`]*\\))?`");
  private static final Pattern NESTED =
      Pattern.compile("\\b(?:class|interface|record|enum) ([A-Z]\\w*)");

  /** Where names that are not ours come from. */
  private static final List<String> PACKAGES =
      List.of(
          "java.lang.",
          "java.lang.foreign.",
          "java.lang.invoke.",
          "java.io.",
          "java.nio.",
          "java.nio.channels.",
          "java.util.concurrent.locks.",
          "java.lang.Thread$");

  @Test
  void everyTypeExistsAndHasTheMember() {
    Map<String, Path> files = new HashMap<>();
    Set<String> types = new HashSet<>();
    for (Path file : Repository.files()) {
      String name = file.getFileName().toString();
      if (name.endsWith(".java")) {
        files.put(name.substring(0, name.length() - ".java".length()), file);
        NESTED.matcher(Repository.read(file)).results().forEach(found -> types.add(found.group(1)));
      }
    }
    List<String> unknown = new ArrayList<>();
    for (Path document : Repository.documents()) {
      for (MatchResult name : NAME.matcher(Repository.read(document)).results().toList()) {
        String type = name.group(1);
        String member = name.group(2);
        boolean known =
            files.containsKey(type)
                ? member == null || mentions(files.get(type), member)
                : types.contains(type) || isForeign(type);
        if (!known) {
          unknown.add(Repository.name(document) + ": " + name.group());
        }
      }
    }
    assertThat(unknown).isEmpty();
  }

  private static boolean mentions(Path file, String member) {
    return Pattern.compile("\\b" + member + "\\b").matcher(Repository.read(file)).find();
  }

  private static boolean isForeign(String type) {
    for (String prefix : PACKAGES) {
      try {
        Class.forName(prefix + type);
        return true;
      } catch (ClassNotFoundException e) {
        // Perhaps in the next package.
        continue;
      }
    }
    return false;
  }
}
