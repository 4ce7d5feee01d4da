// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Parking;

/**
 * The default {@link WaitPolicy}: hints to the processor while the peer answers from another one,
 * then yields, or more hints where others want the processors, as long as either pays.
 */
final class AdaptiveSpinner implements WaitPolicy.Spinner {

  /** What is tried always, a third of a microsecond: enough for a peer about to publish. */
  private static final int FEWEST_HINTS = 16;

  /** About five microseconds: as long as two processors take to pass a page on and back. */
  private static final int MOST_HINTS = 256;

  /**
   * Where hints do not pay, since both sides share a processor, many are tried once in so many
   * waits: the peer may have moved.
   */
  private static final int WAITS_A_TRIAL = 64;

  /** As long as one sleep and its wake-up take on an idle virtual processor, both ways. */
  private static final long YIELDING_NANOS = 50_000;

  /**
   * As long in processor time: with many virtual threads, all the others run in each of these
   * yields.
   */
  private static final int MOST_VIRTUAL_YIELDS = 256;

  /**
   * Where a yield would take a time slice, hints go on instead: as long as yields would, and for so
   * long where that lasts. Who sleeps there may wait for a slice as well, so it pays to spin for
   * longer: while both sides have a processor they stay awake, and sleep when one has lost its own.
   */
  private static final long PERSISTING_NANOS = 200_000;

  /** As many as take a quarter of a microsecond: what the clock and a look cost is little then. */
  private static final int HINTS_A_LOOK = 8;

  /**
   * Who sleeps and is woken within this time has made room for the peer: both share a processor. A
   * peer that lost its own is back only after a time slice.
   */
  static final long MADE_ROOM_NANOS = 100_000;

  static final int MAX_WAITS_SKIPPED = 64;

  /**
   * Fewer where the peer was away: the next wait may find it on a processor of its own. And a
   * virtual thread that sleeps among others that spin waits for its turn far longer than they do.
   */
  static final int MAX_WAITS_SKIPPED_AFTER_AWAY = 8;

  private final Pace pace = new Pace();

  /** Hints that a wait gives before it yields for the first time. */
  private int patience = MOST_HINTS;

  private int waitsWithoutTrial;
  private int waitsToSkip;
  private int fruitless;

  /** Of the wait in progress. */
  private boolean spinning;

  private int hintsLeft;
  private int yields;
  private long start;

  /** Whether the last wait persisted in vain and what came of it is not known yet; since when. */
  private boolean inVain;

  private long asleepSince;

  @Override
  public void beforeLook() {
    pace.rest();
  }

  @Override
  public void found(int bytes, int capacity) {
    pace.found(bytes, capacity);
  }

  @Override
  public void begin() {
    yields = 0;
    if (inVain) {
      inVain = false;
      learnFromSleep(Parking.nanoTime() - asleepSince);
    }
    spinning = waitsToSkip == 0;
    if (!spinning) {
      waitsToSkip--;
      return;
    }
    hintsLeft = patience;
    if (patience == FEWEST_HINTS && ++waitsWithoutTrial == WAITS_A_TRIAL) {
      waitsWithoutTrial = 0;
      hintsLeft = MOST_HINTS;
    }
  }

  @Override
  public boolean pause() {
    if (!spinning) {
      return false;
    }
    if (hintsLeft > 0) {
      hintsLeft--;
      Parking.spinWait();
      return true;
    }
    return yieldOnce();
  }

  private boolean yieldOnce() {
    if (yields == 0) {
      patience = Math.max(patience / 2, FEWEST_HINTS);
    }
    yields++;
    return Thread.currentThread().isVirtual() ? yieldToVirtual() : yieldProcessor();
  }

  /**
   * The yield of a virtual thread lets others of its kind run, as long as they have anything to do,
   * and says nothing about the processor, which it keeps.
   */
  private boolean yieldToVirtual() {
    Parking.yieldProcessor();
    if (yields == MOST_VIRTUAL_YIELDS) {
      giveUp(MAX_WAITS_SKIPPED_AFTER_AWAY);
    }
    return true;
  }

  private boolean yieldProcessor() {
    long before = Parking.nanoTime();
    if (yields == 1) {
      start = before;
    }
    if (!Competition.OF_PROCESS.allowsYield(before)) {
      return persist(before);
    }
    Parking.yieldProcessor();
    long after = Parking.nanoTime();
    if (Competition.OF_PROCESS.isSlow(before, after)) {
      spinning = false;
    } else if (after - start > YIELDING_NANOS) {
      giveUp(MAX_WAITS_SKIPPED);
    }
    return true;
  }

  private boolean persist(long now) {
    long limit = Competition.OF_PROCESS.lasts() ? PERSISTING_NANOS : YIELDING_NANOS;
    if (now - start > limit) {
      spinning = false;
      inVain = true;
      asleepSince = now;
      return false;
    }
    for (int i = 0; i < HINTS_A_LOOK; i++) {
      Parking.spinWait();
    }
    return true;
  }

  /** How long it took, after a wait that persisted in vain, until the next one. */
  void learnFromSleep(long nanos) {
    giveUp(nanos < MADE_ROOM_NANOS ? MAX_WAITS_SKIPPED : MAX_WAITS_SKIPPED_AFTER_AWAY);
  }

  private void giveUp(int mostWaitsSkipped) {
    spinning = false;
    fruitless++;
    waitsToSkip = Math.min(1 << Math.min(fruitless, 30), mostWaitsSkipped) - 1;
  }

  @Override
  public void succeeded() {
    fruitless = 0;
    waitsToSkip = 0;
    inVain = false;
    if (yields == 0) {
      patience = MOST_HINTS;
    }
  }
}
