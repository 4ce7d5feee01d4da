// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.interop.Contestant.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * The same traffic, again and again: ours, libxenvchan's, ours, and so on. Medians are compared.
 *
 * @param ours our endpoint's runs
 * @param libxenvchans those of libxenvchan
 */
record Comparison(List<Run> ours, List<Run> libxenvchans) {

  /** How often each is measured. */
  static final int RUNS = 7;

  /** Ours to libxenvchan's, where chance plays a part. */
  static final double MOST = 1.1;

  /** What is measured. */
  interface Traffic {
    Run run(Contestant contestant) throws Exception;
  }

  static Comparison of(Contestant ours, Contestant libxenvchan, Traffic traffic) throws Exception {
    List<Run> own = new ArrayList<>();
    List<Run> libxenvchans = new ArrayList<>();
    for (int run = 0; run < RUNS; run++) {
      own.add(traffic.run(ours));
      libxenvchans.add(traffic.run(libxenvchan));
    }
    return new Comparison(own, libxenvchans);
  }

  long ours(ToLongFunction<Run> what) {
    return median(ours, what);
  }

  long libxenvchans(ToLongFunction<Run> what) {
    return median(libxenvchans, what);
  }

  double ratio(ToLongFunction<Run> what) {
    return (double) ours(what) / Math.max(1, libxenvchans(what));
  }

  private static long median(List<Run> runs, ToLongFunction<Run> what) {
    return runs.stream().mapToLong(what).sorted().toArray()[runs.size() / 2];
  }
}
