// SPDX-License-Identifier: Apache-2.0
package dev.vchan.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How one test of one case ended, as the test kit's listener wrote it down.
 *
 * @param id the case
 * @param module the Maven module whose tests ran
 * @param test class and method
 * @param outcome {@code PASSED}, {@code FAILED}, {@code ABORTED} or {@code SKIPPED}
 */
record Result(String id, String module, String test, String outcome) {

  /** The results of a module, from one run of Maven. */
  static List<Result> read(Path root, String module, String build) throws IOException {
    Path file = root.resolve(module).resolve("target/catalogue/results.tsv");
    if (!Files.exists(file)) {
      throw new IOException(module + " has no results: were its tests skipped?");
    }
    List<String> lines = Files.readAllLines(file);
    if (lines.isEmpty() || !lines.getFirst().equals("build\t" + build)) {
      throw new IOException(
          module + " has no results of this build, only old ones: were its tests skipped?");
    }
    List<Result> results = new ArrayList<>();
    for (String line : lines.subList(1, lines.size())) {
      String[] fields = line.split("\t", -1);
      if (fields.length != 4) {
        throw new IOException(file + " is damaged: " + line);
      }
      results.add(new Result(fields[0], fields[1], fields[2], fields[3]));
    }
    return results;
  }

  boolean passed() {
    return outcome.equals("PASSED");
  }

  /** Skipped tests do not count at all; one that gave up half-way counts as failed. */
  boolean failed() {
    return outcome.equals("FAILED") || outcome.equals("ABORTED");
  }

  /** Where it ran. The test kit's own tests use the backend within one process. */
  String backend() {
    return module.equals("testkit") ? "in-process" : "local";
  }
}
