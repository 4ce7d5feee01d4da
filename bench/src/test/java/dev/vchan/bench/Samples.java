// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

/** Results as a run could have found them. */
final class Samples {

  static final Question STREAM =
      new Question(Work.STREAM, Placement.PINNED, 64 * Plan.KI, 4 * Plan.KI);
  static final Question TRIP = new Question(Work.TRIP, Placement.PINNED, Plan.USUAL_RING, 64);

  static final Question LOADED_STREAM =
      new Question(Work.STREAM, Placement.LOADED, 64 * Plan.KI, 4 * Plan.KI);
  static final Question LOADED_TRIP =
      new Question(Work.TRIP, Placement.LOADED, Plan.USUAL_RING, 64);
  static final Question CONNECT = new Question(Work.CONNECT, Placement.FREE, Plan.USUAL_RING, 1);
  static final Question IDLE = new Question(Work.IDLE, Placement.FREE, 4 * Plan.KI, 1_000);
  static final Question WAITING = new Question(Work.WAITING, Placement.FREE, 4 * Plan.KI, 1_000);
  static final Question ECHO = new Question(Work.ECHO, Placement.FREE, 4 * Plan.KI, 1_000);

  private Samples() {}

  /** Ours six times libxenvchan and twice the socket; a missing Aeron with a name to be escaped. */
  static Results results() {
    Results results = new Results();
    results.fact("load before", 0.1);
    results.missing(Rival.AERON, "no <jar> & \"none\"");
    results.add(new BareEvent(Placement.PINNED, 50, 51, 1.02, 1.1));
    for (int round = 1; round <= 3; round++) {
      results.add(STREAM.of(Rival.VCHAN), Metric.MB_PER_SECOND, 6000 * round);
      results.add(STREAM.of(Rival.LIBXENVCHAN), Metric.MB_PER_SECOND, 1000 * round);
      results.add(STREAM.of(Rival.UNIX_JAVA), Metric.MB_PER_SECOND, 3000 * round);
      results.add(STREAM.of(Rival.VCHAN), Metric.EVENTS_PER_MB, 2);
      results.add(STREAM.of(Rival.LIBXENVCHAN), Metric.EVENTS_PER_MB, 1);
      results.add(STREAM.of(Rival.VCHAN), Metric.ALLOCATED_PER_CALL, 0);
      results.add(TRIP.of(Rival.VCHAN), Metric.P50, 0.5);
      results.add(TRIP.of(Rival.VCHAN), Metric.P99, 0.7);
      results.add(TRIP.of(Rival.VCHAN), Metric.P999, 2.5);
    }
    return results;
  }

  /**
   * A busy machine and many channels, all as wanted but the round trip, the memory and the echo.
   */
  static void addChannels(Results results) {
    results.add(LOADED_STREAM.of(Rival.VCHAN), Metric.MB_PER_SECOND, 100);
    results.add(LOADED_STREAM.of(Rival.UNIX_JAVA), Metric.MB_PER_SECOND, 100);
    results.add(LOADED_TRIP.of(Rival.VCHAN), Metric.MEAN, 121);
    results.add(LOADED_TRIP.of(Rival.LIBXENVCHAN), Metric.MEAN, 100);
    results.add(CONNECT.of(Rival.VCHAN), Metric.CONNECTS_PER_SECOND, 1000);
    results.add(IDLE.of(Rival.VCHAN), Metric.IDLE_CPU_MILLIS, -0.5);
    results.add(IDLE.of(Rival.VCHAN), Metric.IDLE_MEMORY, 8 * Plan.KI);
    results.add(IDLE.of(Rival.VCHAN), Metric.IDLE_HEAP, 8 * Plan.KI);
    results.add(IDLE.of(Rival.VCHAN), Metric.IDLE_SLOWDOWN, 1.2);
    results.add(WAITING.of(Rival.VIRTUAL), Metric.IDLE_CPU_MILLIS, 1);
    results.add(ECHO.of(Rival.VIRTUAL), Metric.ECHOES_PER_SECOND, 199_000);
    results.add(ECHO.of(Rival.UNIX_VIRTUAL), Metric.ECHOES_PER_SECOND, 100_000);
  }
}
