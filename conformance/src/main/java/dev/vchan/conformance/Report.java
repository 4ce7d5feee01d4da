// SPDX-License-Identifier: Apache-2.0
package dev.vchan.conformance;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The catalogue beside the results: what is missing, what is wrong, and the table of it all. */
final class Report {

  private final Catalogue catalogue;
  private final List<Result> results;
  private final Map<String, List<Result>> byCase;

  Report(Catalogue catalogue, List<Result> results) {
    this.catalogue = catalogue;
    this.results = List.copyOf(results);
    this.byCase = results.stream().collect(Collectors.groupingBy(Result::id));
  }

  private List<Result> of(Catalogue.Entry entry) {
    return byCase.getOrDefault(entry.id(), List.of());
  }

  private boolean passed(Catalogue.Entry entry) {
    return of(entry).stream().anyMatch(Result::passed)
        && of(entry).stream().noneMatch(Result::failed);
  }

  /** Why the build must fail; empty if it need not. */
  List<String> objections() {
    List<String> found = new ArrayList<>();
    Set<String> known = new HashSet<>();
    for (Catalogue.Entry entry : catalogue.cases()) {
      known.add(entry.id());
      of(entry).stream()
          .filter(Result::failed)
          .forEach(failed -> found.add(entry.id() + " failed: " + failed.test()));
      if (entry.mustRun() && of(entry).stream().noneMatch(Result::passed)) {
        found.add(entry.id() + " has no test that ran and passed: " + entry.title());
      }
      if (!entry.mustRun() && !of(entry).isEmpty()) {
        found.add(
            "%s is listed as \"%s\" but has a test: %s"
                .formatted(entry.id(), entry.status(), of(entry).getFirst().test()));
      }
    }
    results.stream()
        .filter(result -> !known.contains(result.id()))
        .forEach(result -> found.add(result.id() + " is in no catalogue: " + result.test()));
    return found;
  }

  /** How many ran, in a line. */
  String summary() {
    return "conformance: %s; attacks: %s"
        .formatted(count(entry -> !entry.isAttack()), count(Catalogue.Entry::isAttack));
  }

  private String count(Predicate<Catalogue.Entry> wanted) {
    List<Catalogue.Entry> all = catalogue.cases().stream().filter(wanted).toList();
    long passed = all.stream().filter(this::passed).count();
    long listed = all.stream().filter(entry -> !entry.mustRun()).count();
    return "%d of %d ran and passed, %d listed with a reason".formatted(passed, all.size(), listed);
  }

  /** The table: every case with every test of it. */
  String table() {
    StringBuilder text = new StringBuilder();
    text.append("# Catalogues\n\n").append(summary()).append("\n\n");
    text.append("| case | title | test | backend | outcome |\n|---|---|---|---|---|\n");
    for (Catalogue.Entry entry : catalogue.cases()) {
      if (of(entry).isEmpty()) {
        row(text, entry, "", "", entry.mustRun() ? "did not run" : entry.status());
      }
      for (Result result : results) {
        if (result.id().equals(entry.id())) {
          row(text, entry, result.test(), result.backend(), result.outcome());
        }
      }
    }
    return text.toString();
  }

  private static void row(
      StringBuilder text, Catalogue.Entry entry, String test, String backend, String outcome) {
    text.append(
        "| %s | %s | %s | %s | %s |%n"
            .formatted(entry.id(), entry.title(), test, backend, outcome));
  }
}
