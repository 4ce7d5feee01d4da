// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.Deadline;
import dev.vchan.Vchan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** The reading side of the close race, and its bookkeeping. Used by one thread. */
final class RoundReader {

  private static final int END_OF_STREAM = -1;

  /** Longer than the look period, at which a sleeper finds out what no event told it. */
  private static final Duration WATCHDOG = Duration.ofSeconds(30);

  private final ByteBuffer buffer = ByteBuffer.allocate(2 * RoundPlan.RING);
  private final long start = System.nanoTime();
  private int rounds;
  private long lost;
  private long wrongEnds;
  private String first = "-";

  /** Reads one round to its end and closes the channel. */
  void play(int round, RoundPlan plan, Vchan channel) {
    rounds++;
    buffer.clear();
    try (channel) {
      RoundPlan.delay(plan.readerDelayNanos());
      readToEnd(plan, channel);
      if (channel.counters().endedByPeriod() != 0) {
        wrong(round, plan, "woken by the look period, not by an event");
      }
    } catch (IOException | RuntimeException e) {
      wrong(round, plan, e.toString());
    }
    check(round, plan);
  }

  private void readToEnd(RoundPlan plan, Vchan channel) throws IOException {
    Deadline deadline = Deadline.after(WATCHDOG);
    while (buffer.hasRemaining()) {
      int bytes;
      if (plan.reading() == RoundPlan.Reading.POLLING) {
        bytes = channel.tryRead(buffer);
        if (bytes == 0 && deadline.remainingNanos() == 0) {
          throw new IOException("nothing came, not even the end");
        }
      } else {
        bytes = channel.read(buffer, deadline);
      }
      if (bytes == END_OF_STREAM) {
        return;
      }
    }
    throw new IOException("more bytes than were written");
  }

  private void check(int round, RoundPlan plan) {
    int got = buffer.position();
    if (got < plan.bytes()) {
      lost += plan.bytes() - got;
      note(round, plan, (plan.bytes() - got) + " bytes lost");
    }
    for (int i = 0; i < Math.min(got, plan.bytes()); i++) {
      if (buffer.get(i) != RoundPlan.expected(round, i)) {
        wrong(round, plan, "a wrong byte at " + i);
        return;
      }
    }
  }

  private void wrong(int round, RoundPlan plan, String what) {
    wrongEnds++;
    note(round, plan, what);
  }

  private void note(int round, RoundPlan plan, String what) {
    if (first.equals("-")) {
      first = "round " + round + ", " + plan + ": " + what.replaceAll("\\s+", " ");
    }
  }

  boolean lostSomething() {
    return lost > 0;
  }

  Score score() {
    return new Score(rounds, lost, wrongEnds, (System.nanoTime() - start) / 1_000_000, first);
  }
}
