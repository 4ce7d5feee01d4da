// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import dev.vchan.local.LiveChannel;
import dev.vchan.local.LiveChannels;
import dev.vchan.local.LiveProcesses;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Looks at channels again and again, and reports what it has seen meanwhile. */
public final class Watch {

  /**
   * Time between two looks. An index comes round after 4 GiB, which no ring moves in this time, so
   * that no byte is missed.
   */
  private static final Duration STEP = Duration.ofMillis(100);

  private final LiveChannels channels;
  private final Predicate<LiveChannel> wanted;
  private Map<List<Object>, History> histories = Map.of();

  /**
   * Begins to watch.
   *
   * @param channels where to look
   * @param wanted which channels to report
   */
  public Watch(LiveChannels channels, Predicate<LiveChannel> wanted) {
    this.channels = channels;
    this.wanted = wanted;
  }

  /**
   * Watches for a while.
   *
   * @param interval how long
   * @return the channels that are there at the end, in a stable order
   * @throws IOException if the directory cannot be looked at
   * @throws InterruptedException if the thread is interrupted
   */
  public List<Observation> observe(Duration interval) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    look();
    for (long left = interval.toNanos(); left > 0; ) {
      Thread.sleep(Duration.ofNanos(Math.min(left, STEP.toNanos())));
      look();
      left = interval.toNanos() - (System.nanoTime() - begin);
    }
    // Between two looks, so that a side which came or went meanwhile is not taken for one without
    // a process.
    LiveProcesses processes = channels.processes();
    look();
    long now = System.nanoTime();
    return histories.values().stream().map(history -> history.report(processes, now)).toList();
  }

  private void look() throws IOException {
    long now = System.nanoTime();
    Map<List<Object>, History> current = new LinkedHashMap<>();
    for (LiveChannel seen : channels.look()) {
      if (wanted.test(seen)) {
        // Client and path too: a file that claims to be the same page must not hide it.
        List<Object> name = List.of(seen.server(), seen.page(), seen.client(), seen.path());
        History known = histories.get(name);
        if (known == null) {
          known = new History(seen, now);
        } else {
          known.add(seen, now);
        }
        current.put(name, known);
      }
    }
    histories = current;
  }
}
