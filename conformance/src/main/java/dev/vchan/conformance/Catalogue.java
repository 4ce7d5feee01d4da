// SPDX-License-Identifier: Apache-2.0
package dev.vchan.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;

/**
 * The cases there are.
 *
 * @param cases all of them, in their order
 */
record Catalogue(List<Entry> cases) {

  private static final String RUNS = "run";

  /**
   * One case.
   *
   * @param id T01 and on for conformance, A01 and on for attacks
   * @param status {@code run}, or the reason why it cannot run here
   * @param title what it is about
   */
  record Entry(String id, String status, String title) {

    /** Whether a test of it must have run and passed. */
    boolean mustRun() {
      return status.equals(RUNS);
    }

    boolean isAttack() {
      return id.startsWith("A");
    }
  }

  Catalogue {
    cases = List.copyOf(cases);
  }

  /** Reads the catalogue that stands beside this class. */
  static Catalogue load() throws IOException {
    try (InputStream resource = Catalogue.class.getResourceAsStream("catalogue.tsv")) {
      if (resource == null) {
        throw new IOException("the resource catalogue.tsv is missing");
      }
      return parse(new BufferedReader(new InputStreamReader(resource, UTF_8)).lines().toList());
    }
  }

  static Catalogue parse(List<String> lines) throws IOException {
    List<Entry> cases = new ArrayList<>();
    for (String line : lines) {
      if (line.startsWith("#")) {
        continue;
      }
      String[] fields = line.split("\t", -1);
      if (fields.length != 3) {
        throw new IOException("not \"id, status, title\" with tabs between: " + line);
      }
      cases.add(new Entry(fields[0], fields[1], fields[2]));
    }
    return new Catalogue(cases);
  }
}
