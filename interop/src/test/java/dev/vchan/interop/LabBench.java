// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Deadline;
import dev.vchan.RingSizes;
import dev.vchan.interop.Contestant.Run;
import dev.vchan.interop.LabMeeting.Place;
import dev.vchan.interop.Script.Step;
import dev.vchan.testkit.ends.Role;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * Our endpoint in dom0 beside libxenvchan in its place, with libxenvchan in domU: how fast, which
 * is told, and how many events and hypercalls, which must hold.
 */
public final class LabBench {

  private static final int[] SIZES = {64, 1024, 64 * 1024};
  private static final int[] RINGS = {4096, 64 * 1024};
  private static final long MOST_BYTES = 4 << 20;

  /** So that a run of many small pieces does not take long, but fills the ring often enough. */
  private static final int MOST_PIECES = 4096;

  private static final int LEAST_RINGFULS = 32;

  private static final int ROUND_TRIPS = 301;

  /** Until our code is compiled, which takes its time here. */
  private static final int WARM_UP_RUNS = 5;

  private static final Duration WARM_UP = Duration.ofSeconds(3);

  private LabBench() {}

  /** Plays; the words are those of {@link LabMain}. */
  public static void main(String[] words) throws Exception {
    List<LabStep> steps = lockSteps();
    for (Role own : Role.values()) {
      steps.add(roundTrips(own));
      for (boolean writes : new boolean[] {true, false}) {
        for (int ring : RINGS) {
          for (int size : SIZES) {
            steps.add(stream(own, writes, size, ring));
          }
        }
      }
    }
    LabMain.play(words, steps);
  }

  /** What the lab's test has of it: the script, and a stream. */
  static List<LabStep> steps() {
    List<LabStep> steps = lockSteps();
    steps.add(stream(Role.SERVER, false, 1024, 64 * 1024));
    return steps;
  }

  private static List<LabStep> lockSteps() {
    List<LabStep> steps = new ArrayList<>();
    for (Role own : Role.values()) {
      steps.add(
          new LabStep(
              verb(own) + " step by step, events sent and asked for, and libxenvchan's:",
              (site, port) -> lockStep(site, own, port),
              LabServant::serve));
    }
    return steps;
  }

  private static String verb(Role own) {
    return "dom0 " + (own == Role.SERVER ? "serves" : "connects");
  }

  private static String lockStep(LabSite site, Role own, String port) throws Exception {
    KernelCounts.begin();
    RingSizes sizes = RingSizes.both(1);
    List<Step> ours;
    List<Step> libxenvchans;
    try (LabServant servant = new LabServant(site, port)) {
      try (LabMeeting meeting =
          LabMeeting.ofOurs(new Place(site, servant, own, port + "o", sizes))) {
        ours = Script.play(meeting.scene());
      }
      try (LabMeeting meeting =
          LabMeeting.ofLibxenvchan(new Place(site, servant, own, port + "l", sizes))) {
        libxenvchans = Script.play(meeting.scene());
      }
    }
    KernelCounts.checkComplete();
    List<String> differences = Script.differences(ours, libxenvchans);
    if (!differences.isEmpty()) {
      differences.forEach(System.err::println);
      throw new AssertionError(
          differences.size() + " differences, the first: " + differences.getFirst());
    }
    Cost cost = ours.getLast().cost();
    Cost other = libxenvchans.getLast().cost();
    return " %d and %d, %d and %d, in %d steps"
        .formatted(cost.sent(), cost.askedFor(), other.sent(), other.askedFor(), ours.size());
  }

  private static LabStep roundTrips(Role own) {
    return new LabStep(
        verb(own) + ", 1 byte there and back",
        (site, port) -> {
          Comparison comparison =
              compare(site, own, port, 4096, each -> each.roundTrips(ROUND_TRIPS));
          ToLongFunction<Run> nanos = Run::nanos;
          double unit = 1e6 * (ROUND_TRIPS - 1);
          String speed =
              "%.2f ms, libxenvchan %.2f, ratio %.2f"
                  .formatted(
                      comparison.ours(nanos) / unit,
                      comparison.libxenvchans(nanos) / unit,
                      comparison.ratio(nanos));
          return judged(comparison, speed, "round trip", ROUND_TRIPS);
        },
        LabServant::serve);
  }

  private static LabStep stream(Role own, boolean writes, int size, int ring) {
    String name =
        "%s and %s %,d bytes, ring %d KiB"
            .formatted(verb(own), writes ? "writes" : "reads", size, ring >> 10);
    long small = Math.max((long) size * MOST_PIECES, (long) ring * LEAST_RINGFULS);
    long bytes = Math.min(MOST_BYTES, small);
    return new LabStep(
        name,
        (site, port) -> {
          Comparison comparison =
              compare(site, own, port, ring, each -> each.stream(writes, size, bytes));
          ToLongFunction<Run> nanos = Run::nanos;
          double speedOfOurs = bytes * 1e3 / comparison.ours(nanos);
          double other = bytes * 1e3 / comparison.libxenvchans(nanos);
          String speed =
              "%.2f MB/s, libxenvchan %.2f, ratio %.2f"
                  .formatted(speedOfOurs, other, speedOfOurs / other);
          return judged(comparison, speed, "MB", bytes / 1e6);
        },
        LabServant::serve);
  }

  private static Comparison compare(
      LabSite site, Role own, String port, int ring, Comparison.Traffic traffic) throws Exception {
    KernelCounts.begin();
    RingSizes sizes = RingSizes.both(ring);
    try (LabServant servant = new LabServant(site, port);
        LabMeeting ours = LabMeeting.ofOurs(new Place(site, servant, own, port + "o", sizes));
        LabMeeting libxenvchan =
            LabMeeting.ofLibxenvchan(new Place(site, servant, own, port + "l", sizes))) {
      Deadline warm = Deadline.after(WARM_UP);
      for (int run = 0; run < WARM_UP_RUNS || warm.remainingNanos() > 0; run++) {
        traffic.run(ours.contestant());
      }
      Comparison comparison = Comparison.of(ours.contestant(), libxenvchan.contestant(), traffic);
      KernelCounts.checkComplete();
      return comparison;
    }
  }

  private static String judged(Comparison comparison, String speed, String unit, double units) {
    ToLongFunction<Run> events = run -> run.cost().events();
    ToLongFunction<Run> hypercalls = run -> run.cost().hypercalls();
    String figures =
        ": "
            + speed
            + "; events per "
            + unit
            + counted(comparison, events, units)
            + "; hypercalls"
            + counted(comparison, hypercalls, units);
    if (comparison.ratio(events) > Comparison.MOST
        || comparison.ratio(hypercalls) > Comparison.MOST) {
      throw new AssertionError("more than " + Comparison.MOST + figures + " " + comparison);
    }
    return figures;
  }

  private static String counted(Comparison comparison, ToLongFunction<Run> what, double units) {
    return " %.1f, %.1f, ratio %.2f"
        .formatted(
            comparison.ours(what) / units,
            comparison.libxenvchans(what) / units,
            comparison.ratio(what));
  }
}
