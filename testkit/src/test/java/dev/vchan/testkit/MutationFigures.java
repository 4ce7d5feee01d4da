// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which changes of the core its tests noticed; exits with 1 if one that they did not is not
 * explained.
 *
 * <pre>MutationFigures RESULTS EXPLANATIONS</pre>
 *
 * <p>Results are PIT's: file, class, mutator, method, line, what became of it. An explanation is a
 * row of a table that begins with the method and the mutator.
 */
final class MutationFigures {

  private MutationFigures() {}

  public static void main(String[] arguments) throws IOException {
    String explanations = Files.readString(Path.of(arguments[1]));
    Map<String, int[]> counts = new TreeMap<>();
    List<String> unexplained = new ArrayList<>();
    for (String result : Files.readAllLines(Path.of(arguments[0]))) {
      String[] fields = result.split(",");
      boolean noticed = !fields[5].equals("SURVIVED") && !fields[5].equals("NO_COVERAGE");
      String type = fields[1].replaceFirst(".*\\.", "").replace('$', '.');
      String mutator = fields[2].replaceFirst(".*\\.(\\w+)Mutator$", "$1");
      for (String of : List.of(fields[0], "all")) {
        int[] count = counts.computeIfAbsent(of, name -> new int[2]);
        count[0] += noticed ? 1 : 0;
        count[1]++;
      }
      if (!noticed
          && !explanations.contains("| `%s.%s` | %s |".formatted(type, fields[3], mutator))) {
        unexplained.add(
            "not noticed, not explained: %s.%s, line %s, %s"
                .formatted(type, fields[3], fields[4], mutator));
      }
    }
    Figures figures = new Figures("mutations");
    for (Map.Entry<String, int[]> file : counts.entrySet()) {
      int noticed = file.getValue()[0];
      int all = file.getValue()[1];
      figures.add(
          "mutations of %s: %d of %d noticed, %.1f %%"
              .formatted(file.getKey(), noticed, all, 100.0 * noticed / all));
    }
    for (String line : unexplained) {
      figures.add(line);
    }
    System.exit(unexplained.isEmpty() ? 0 : 1);
  }
}
