// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The bounds a change must keep: ratios to what did not change with it. They are generous, for a
 * noisy machine; what makes things several times slower breaks one of them all the same.
 */
final class Guard {

  private static final int ROUNDS = 5;

  /**
   * One bound.
   *
   * @param question what is compared
   * @param peer with whom
   * @param metric by what
   * @param least what ours to the peer's must at least be; for times the other way round
   */
  record Bound(Question question, Rival peer, String metric, double least) {

    private boolean isTime() {
      return metric.equals(Metric.P50);
    }

    /** How much faster we are; empty if it was not measured. */
    OptionalDouble found(Results results) {
      return isTime()
          ? results.ratio(question, peer, Rival.VCHAN, metric)
          : results.ratio(question, Rival.VCHAN, peer, metric);
    }

    /** Whether it was measured, and is kept. */
    boolean isKept(Results results) {
      return found(results).orElse(0) >= least;
    }

    String describe(Results results) {
      OptionalDouble found = found(results);
      return String.format(
          Locale.ROOT,
          "%s: %s as fast as %s, at least %.2f is wanted",
          question,
          found.isPresent()
              ? String.format(Locale.ROOT, "%.2f times", found.getAsDouble())
              : "it is not known how many times",
          peer.label(),
          least);
    }
  }

  static final List<Bound> BOUNDS =
      List.of(
          stream(4, 4096, Rival.LIBXENVCHAN, 4),
          stream(64, 64, Rival.LIBXENVCHAN, 1.2),
          stream(64, 65536, Rival.LIBXENVCHAN, 0.8),
          stream(1024, 4096, Rival.LIBXENVCHAN, 0.6),
          stream(64, 64, Rival.UNIX_JAVA, 8),
          stream(64, 65536, Rival.UNIX_JAVA, 0.5),
          trip(Placement.PINNED, Rival.UNIX_JAVA, 8),
          trip(Placement.SHARED, Rival.UNIX_JAVA, 0.6));

  private Guard() {}

  private static Bound stream(int ringKib, int size, Rival peer, double least) {
    return new Bound(
        new Question(Work.STREAM, Placement.PINNED, ringKib * Plan.KI, size),
        peer,
        Metric.MB_PER_SECOND,
        least);
  }

  private static Bound trip(Placement placement, Rival peer, double least) {
    return new Bound(
        new Question(Work.TRIP, placement, Plan.USUAL_RING, 64), peer, Metric.P50, least);
  }

  /** What has to be measured for some bounds. */
  static Plan plan(List<Bound> bounds) {
    Set<Rival> rivals = EnumSet.of(Rival.VCHAN);
    bounds.forEach(bound -> rivals.add(bound.peer()));
    List<Question> questions = bounds.stream().map(Bound::question).distinct().toList();
    return new Plan(questions, rivals, ROUNDS, Plan.full().times());
  }

  /** Bounds that are broken. */
  static List<Bound> broken(List<Bound> bounds, Results results) {
    return bounds.stream().filter(bound -> !bound.isKept(results)).toList();
  }

  /** Lines that say what was found of each bound. */
  static String describe(List<Bound> bounds, Results results) {
    return bounds.stream()
        .map(
            bound ->
                (bound.isKept(results) ? "kept    " : "BROKEN  ") + bound.describe(results) + "\n")
        .collect(Collectors.joining());
  }

  /** Names of those that have no figures, and why. */
  static String missing(Results results) {
    return new TreeSet<>(results.missing().keySet())
        .stream()
            .map(rival -> rival.label() + ": " + results.missing().get(rival))
            .collect(Collectors.joining("; "));
  }
}
