// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.RingSizes;
import dev.vchan.VchanOptions;
import dev.vchan.interop.EventTable.Events;
import dev.vchan.interop.Script.Step;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Events cost a system call and a wake-up each: for the same traffic our endpoint sends libxenvchan
 * no more of them than libxenvchan would, and asks it for no more.
 */
class EventCountTest {

  private static final VchanOptions SMALL = VchanOptions.DEFAULTS.withSizes(RingSizes.both(1));

  private static final int RUNS = 7;

  /** Until our code is compiled. */
  private static final int WARM_UP_RUNS = 3;

  private static final int MOST_ATTEMPTS = 6;

  /** Ours to libxenvchan's, where chance plays a part. */
  private static final double MOST = 1.1;

  private static Figures figures;

  @BeforeAll
  static void prepare() throws IOException {
    Programs.peer();
    figures = new Figures("interop-events");
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void stepByStepWeSendNoMoreAndAskForNoMore(Role role) throws Exception {
    List<Step> ours = Script.withOurs(role, SMALL.classic());
    List<Step> libxenvchans = Script.withLibxenvchan(role);
    assertThat(ours).hasSameSizeAs(libxenvchans);
    for (int i = 0; i < ours.size(); i++) {
      Step own = ours.get(i);
      Step other = libxenvchans.get(i);
      assertThat(own.name()).isEqualTo(other.name());
      assertThat(own.answer()).as(own.name()).isEqualTo(other.answer());
      assertThat(own.partnersEvents()).as("step %d, %s", i, own).isEqualTo(other.partnersEvents());
      assertThat(own.peersEvents())
          .as("step %d, %s", i, own)
          .isLessThanOrEqualTo(other.peersEvents());
      assertThat(own.asked() & ~other.asked()).as("step %d, %s: asked for", i, own).isZero();
    }
    Step last = ours.getLast();
    Step others = libxenvchans.getLast();
    figures.add(
        "events, step by step as %s: sent %d (libxenvchan %d), asked for %d (libxenvchan %d)"
            .formatted(
                role,
                last.partnersEvents(),
                others.partnersEvents(),
                last.peersEvents(),
                others.peersEvents()));
  }

  /**
   * Running free, who asks for how many events depends on who waits for whom: a reader that is
   * faster lets its peer wait less often for space and more often for nothing. So what counts is
   * how many events the same traffic costs in all.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void runningFreeTheSameTrafficCostsNoMoreEvents(boolean writes) throws Exception {
    figures.add(
        "events, %s: medians of %d runs, ours : libxenvchan's"
            .formatted(writes ? "we write" : "we read", RUNS));
    List<String> tooMany = new ArrayList<>();
    for (int ring : new int[] {4 * 1024, 64 * 1024, 1024 * 1024}) {
      try (Hub hub = new Hub();
          EventTable table = new EventTable(hub, ring)) {
        for (int size : new int[] {64, 1024, 64 * 1024}) {
          Row row = measure(table, writes, size, ring);
          figures.add(row.toString());
          if (row.ratio() > MOST) {
            tooMany.add(row.toString());
          }
        }
      }
    }
    assertThat(tooMany).isEmpty();
  }

  /**
   * Measures a row, and again if it has too many events: where the scheduler puts the two processes
   * changes their number more than anything else does.
   */
  private static Row measure(EventTable table, boolean writes, int size, int ring)
      throws Exception {
    long bytes = Math.min(8 << 20, size * 65_536L);
    for (int run = 0; run < WARM_UP_RUNS; run++) {
      table.withOurs(writes, size, bytes);
    }
    for (int attempt = 1; ; attempt++) {
      List<Events> ours = new ArrayList<>();
      List<Events> libxenvchans = new ArrayList<>();
      for (int run = 0; run < RUNS; run++) {
        ours.add(table.withOurs(writes, size, bytes));
        libxenvchans.add(table.withLibxenvchan(writes, size, bytes));
      }
      Row row = new Row(size, ring, bytes, ours, libxenvchans);
      if (row.ratio() <= MOST || attempt == MOST_ATTEMPTS) {
        return row;
      }
      figures.add("again:" + row);
    }
  }

  /** One size of writes through one size of ring. */
  private record Row(int size, int ring, long bytes, List<Events> ours, List<Events> libxenvchans) {

    private double ratio() {
      return (double) median(ours, Events::all) / Math.max(1, median(libxenvchans, Events::all));
    }

    private static long median(List<Events> runs, ToLongFunction<Events> count) {
      return runs.stream().mapToLong(count).sorted().toArray()[runs.size() / 2];
    }

    @Override
    public String toString() {
      return "  %,6d bytes a write, ring %4d KiB, %d MiB: sent %5d :%5d, asked for %5d :%5d, all %.2f"
          .formatted(
              size,
              ring >> 10,
              bytes >> 20,
              median(ours, Events::sent),
              median(libxenvchans, Events::sent),
              median(ours, Events::askedFor),
              median(libxenvchans, Events::askedFor),
              ratio());
    }
  }
}
