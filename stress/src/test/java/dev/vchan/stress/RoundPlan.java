// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.RingSizes;
import dev.vchan.VchanOptions;
import dev.vchan.WaitPolicy;
import java.util.SplittableRandom;

/**
 * What happens in one round of the close race. Both sides work it out from the seed and the number
 * of the round, so that the reader knows what to expect without being told.
 *
 * @param bytes how many the writer writes before it closes
 * @param reading how the reader waits for them
 * @param writerDelayNanos how long the writer waits first
 * @param readerDelayNanos how long the reader waits first
 */
record RoundPlan(int bytes, Reading reading, long writerDelayNanos, long readerDelayNanos) {

  /** How a reader waits. */
  enum Reading {
    /** Asks and sleeps at once. */
    SLEEPING,
    /** As users do: spins a little, then sleeps. */
    ADAPTIVE,
    /** Never sleeps: asks again and again. */
    POLLING,
    /** Comes when all is over, or nearly. */
    LATE
  }

  /** The smallest rings: both share the page with the indices, and a round costs least. */
  static final VchanOptions OPTIONS = VchanOptions.DEFAULTS.withSizes(new RingSizes(1, 1));

  /** What the smaller ring holds. */
  static final int RING = 1024;

  private static final int SHORT_DELAY = 2_000;
  private static final int LONG_DELAY = 60_000;

  static RoundPlan of(long seed, int round) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + round);
    int bytes =
        switch (random.nextInt(4)) {
          case 0 -> random.nextInt(2);
          case 1 -> random.nextInt(2, 65);
          case 2 -> random.nextInt(RING + 1);
          default -> RING;
        };
    Reading reading = Reading.values()[random.nextInt(Reading.values().length)];
    // Mostly the two meet within the few hundred nanoseconds in which one can overtake the other;
    // sometimes the reader sleeps soundly before the first byte comes.
    long writerDelay = random.nextInt(random.nextInt(8) == 0 ? LONG_DELAY : SHORT_DELAY);
    long readerDelay = reading == Reading.LATE ? LONG_DELAY : random.nextInt(SHORT_DELAY);
    return new RoundPlan(bytes, reading, writerDelay, readerDelay);
  }

  VchanOptions readerOptions() {
    return reading == Reading.ADAPTIVE ? OPTIONS : OPTIONS.withWaitPolicy(WaitPolicy.sleepAtOnce());
  }

  /** The byte at {@code position} of a round's stream: no two rounds that follow are alike. */
  static byte expected(int round, int position) {
    return (byte) (31 * round + position + (position >> 8));
  }

  /** Waits without giving up the processor: what matters here is less than a switch takes. */
  static void delay(long nanos) {
    long start = System.nanoTime();
    while (System.nanoTime() - start < nanos) {
      Thread.onSpinWait();
    }
  }
}
