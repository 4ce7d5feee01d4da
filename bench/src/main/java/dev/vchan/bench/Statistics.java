// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What several rounds say together.
 *
 * @param median the middle one, or the mean of the two in the middle
 * @param min the least
 * @param max the greatest
 */
record Statistics(double median, double min, double max) {

  /** Sums up at least one value. */
  static Statistics of(List<Double> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("no values");
    }
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    int middle = sorted.size() / 2;
    double median =
        sorted.size() % 2 == 1
            ? sorted.get(middle)
            : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    return new Statistics(median, sorted.getFirst(), sorted.getLast());
  }

  /**
   * How many times one is the other, round by round, since what disturbs a round disturbs both; of
   * the medians if the rounds are not the same.
   */
  static double ratio(List<Double> one, List<Double> other) {
    if (one.size() != other.size()) {
      return of(one).median() / of(other).median();
    }
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < one.size(); i++) {
      double ratio = one.get(i) / other.get(i);
      // Nothing beside nothing is the same; something beside nothing is infinitely more.
      ratios.add(Double.isNaN(ratio) ? 1 : ratio);
    }
    return of(ratios).median();
  }
}
