// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Parking;

/** The default {@link WaitPolicy}: spins by yielding, as long as it pays. */
final class AdaptiveSpinner implements WaitPolicy.Spinner {

  /** Processor hints before the first yield: enough for a peer that is about to publish. */
  private static final int HINTS = 16;

  /** As long as one sleep and its wake-up take on an idle virtual processor, both ways. */
  private static final long PLATFORM_NANOS = 50_000;

  /** A virtual thread's yield lets other virtual threads run, but keeps the processor. */
  private static final long VIRTUAL_NANOS = 4_000;

  /** A yield this long means that somebody else had the processor for a whole time slice. */
  private static final long SLOW_YIELD_NANOS = 200_000;

  /**
   * Slow yields in a row double the waits that are skipped, from 16 to 1,024: where others want the
   * processor all the time, one yield costs as much as hundreds of sleeps, while a single slow one
   * on a quiet machine says nothing about the next.
   */
  private static final int FIRST_SLOW = 4;

  private static final int MOST_SLOW = 10;

  /** Spins that must pay off before one slow yield is forgotten. */
  private static final int SUCCESSES_PER_SLOW_YIELD = 64;

  private static final int MAX_WAITS_SKIPPED = 64;

  private int waitsToSkip;
  private int fruitless;
  private int slow = FIRST_SLOW;
  private int successes;
  private int hints;
  private boolean spinning;
  private long budgetNanos;
  private long start;

  @Override
  public void begin() {
    hints = 0;
    spinning = waitsToSkip == 0;
    if (!spinning) {
      waitsToSkip--;
    }
  }

  @Override
  public boolean pause() {
    if (!spinning) {
      return false;
    }
    if (hints < HINTS) {
      hints++;
      Parking.spinWait();
      return true;
    }
    long before = Parking.nanoTime();
    if (hints == HINTS) {
      hints++;
      start = before;
      budgetNanos = Thread.currentThread().isVirtual() ? VIRTUAL_NANOS : PLATFORM_NANOS;
    }
    Parking.yieldProcessor();
    long after = Parking.nanoTime();
    if (after - before > SLOW_YIELD_NANOS) {
      // The look that follows may still find something; the next waits sleep at once.
      waitsToSkip = 1 << slow;
      slow = Math.min(slow + 1, MOST_SLOW);
      successes = 0;
      spinning = false;
    } else if (after - start > budgetNanos) {
      fruitless++;
      waitsToSkip = Math.min(1 << Math.min(fruitless, 30), MAX_WAITS_SKIPPED) - 1;
      spinning = false;
    }
    return true;
  }

  @Override
  public void succeeded() {
    fruitless = 0;
    if (spinning) {
      waitsToSkip = 0;
      if (++successes == SUCCESSES_PER_SLOW_YIELD) {
        successes = 0;
        slow = Math.max(slow - 1, FIRST_SLOW);
      }
    }
  }
}
