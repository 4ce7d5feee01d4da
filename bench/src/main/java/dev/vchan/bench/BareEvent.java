// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What a bare event of the library that stands in for Xen's costs, beside a byte in a pipe: there
 * and back, in microseconds. libxenvchan is measured with it, so it must not be what is measured.
 *
 * @param placement where
 * @param pipe a byte in a pipe
 * @param event an event
 * @param ratio of the two, as libxenvchan waits: in the call that takes the event
 * @param ratioWithPoll of the two, each behind {@code poll}
 */
record BareEvent(
    Placement placement, double pipe, double event, double ratio, double ratioWithPoll) {

  /** How much more than a pipe it may cost for libxenvchan's figures to count. */
  static final double LIMIT = 1.2;

  private static final Map<String, Placement> PLACES =
      Map.of(
          "two cores", Placement.PINNED,
          "anywhere", Placement.FREE,
          "one core", Placement.SHARED);

  private static final Pattern LINE =
      Pattern.compile(
          "(?m)^(anywhere|two cores|one core) +([0-9.]+) +([0-9.]+) +([0-9.]+)"
              + " +[0-9.]+ +[0-9.]+ +([0-9.]+)$");

  /** Whether libxenvchan's figures count there. */
  boolean counts() {
    return ratio <= LIMIT;
  }

  /** Reads the table of {@code interop/bench-event}. */
  static List<BareEvent> parse(String table) {
    List<BareEvent> events = new ArrayList<>();
    for (MatchResult line : LINE.matcher(table).results().toList()) {
      Placement placement = PLACES.get(line.group(1));
      if (placement != null) {
        events.add(
            new BareEvent(
                placement,
                Double.parseDouble(line.group(2)),
                Double.parseDouble(line.group(3)),
                Double.parseDouble(line.group(4)),
                Double.parseDouble(line.group(5))));
      }
    }
    return events;
  }
}
