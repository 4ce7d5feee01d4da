// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A logarithmic axis.
 *
 * @param least value at {@code from}
 * @param most value at {@code to}
 * @param from where on the picture
 * @param to where on the picture; may be less than {@code from}
 */
record LogScale(double least, double most, double from, double to) {

  /** An axis whose ends are powers of ten around some values. */
  static LogScale over(List<Double> values, double from, double to) {
    double least = values.stream().mapToDouble(value -> value).min().orElse(1);
    double most = values.stream().mapToDouble(value -> value).max().orElse(10);
    double low = Math.pow(10, Math.floor(Math.log10(least)));
    double high = Math.pow(10, Math.ceil(Math.log10(most)));
    return new LogScale(low, high > low ? high : low * 10, from, to);
  }

  /** An axis that ends where it is said. */
  static LogScale exactly(double least, double most, double from, double to) {
    return new LogScale(least, most > least ? most : least * 10, from, to);
  }

  double at(double value) {
    double part = Math.log(value / least) / Math.log(most / least);
    return from + Math.clamp(part, 0, 1) * (to - from);
  }

  /** The powers of ten. */
  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    for (double tick = Math.pow(10, Math.ceil(Math.log10(least) - 1e-9));
        tick <= most * 1.000001;
        tick *= 10) {
      ticks.add(tick);
    }
    return ticks;
  }

  static String label(double tick) {
    return tick >= 1
        ? String.format(Locale.ROOT, "%,.0f", tick).replace(',', ' ')
        : String.format(Locale.ROOT, "%s", Math.round(tick * 1e6) / 1e6);
  }
}
