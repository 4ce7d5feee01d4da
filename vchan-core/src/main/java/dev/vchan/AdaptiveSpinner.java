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
   * Less than a slow yield takes, or a peer that persists on the same processor would pass for
   * others.
   */
  static final long PERSISTING_NANOS = 150_000;

  /** So that the clock and the look cost no more than the hints. */
  private static final int HINTS_A_LOOK = 8;

  /**
   * Who sleeps and is at the next wait within this time has made room for the peer: both share a
   * processor. A peer that lost its own is back only after a time slice.
   */
  static final long MADE_ROOM_NANOS = 100_000;

  /** Nobody was away for longer than a time slice; there was nothing to do. */
  static final long AWAY_NANOS = Competition.LONGEST_NANOS;

  static final int MAX_WAITS_SKIPPED = 64;

  /**
   * Fewer where the peer was away: the next wait may find it on a processor of its own. And a
   * virtual thread that sleeps among others that spin waits for its turn far longer than they do.
   */
  static final int MAX_WAITS_SKIPPED_AFTER_AWAY = 8;

  private final Competition competition;
  private final Pace pace;

  /** Hints that a wait gives before it yields for the first time. */
  private int patience = MOST_HINTS;

  private int waitsWithoutTrial;
  private int waitsToSkip;
  private int fruitless;

  /** Of the wait in progress. */
  private boolean spinning;

  private int hintsLeft;
  private int yields;
  private boolean persisting;
  private long start;

  /** Whether the last wait persisted in vain and what came of it is not known yet; since when. */
  private boolean inVain;

  private long inVainSince;

  AdaptiveSpinner(Competition competition) {
    this.competition = competition;
    this.pace = new Pace(competition);
  }

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
    if (inVain) {
      inVain = false;
      learnFrom(Parking.nanoTime() - inVainSince);
    } else if (spinning && yields > 0) {
      // Neither a success nor its own patience ended the last wait: a deadline did.
      giveUp(MAX_WAITS_SKIPPED);
    }
    yields = 0;
    persisting = false;
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
    if (!competition.allowsYield(before)) {
      persisting = true;
      return persist(before);
    }
    if (persisting) {
      persisting = false;
      start = before;
    }
    Parking.yieldProcessor();
    long after = Parking.nanoTime();
    if (competition.isSlow(before, after)) {
      spinning = false;
    } else if (after - start > YIELDING_NANOS) {
      giveUp(MAX_WAITS_SKIPPED);
    }
    return true;
  }

  private boolean persist(long now) {
    long limit = competition.lasts() ? PERSISTING_NANOS : YIELDING_NANOS;
    if (now - start > limit) {
      spinning = false;
      inVain = true;
      inVainSince = now;
      return false;
    }
    for (int i = 0; i < HINTS_A_LOOK; i++) {
      Parking.spinWait();
    }
    return true;
  }

  /** After a wait that persisted in vain: how long it took until the next one. */
  void learnFrom(long nanos) {
    boolean away = nanos >= MADE_ROOM_NANOS && nanos <= AWAY_NANOS;
    giveUp(away ? MAX_WAITS_SKIPPED_AFTER_AWAY : MAX_WAITS_SKIPPED);
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
    spinning = false;
    if (yields == 0) {
      patience = MOST_HINTS;
    }
  }
}
