// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How the default policy persists where others want the processors, and what it learns from it. */
class AdaptiveSpinnerTest {

  private static final long YIELDING_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
  private static final int MOST_HINTS = 256;

  /** Nobody may yield for as long as a test takes. */
  private final Competition competition =
      new Competition(System.nanoTime() + TimeUnit.HOURS.toNanos(1));

  private final AdaptiveSpinner spinner = new AdaptiveSpinner(competition);

  @Test
  void whereAYieldWouldBeSlowAWaitPersistsAsLongAsYieldsWouldTake() {
    assertThat(nanosOfAWaitInVain()).isGreaterThan(YIELDING_NANOS);
  }

  @Test
  void whereOthersAreThereToStayAWaitPersistsForLonger() {
    for (int i = 0; i < Competition.LASTING_DOUBLINGS; i++) {
      competition.isSlow(0, Competition.LONGEST_NANOS);
    }
    assertThat(nanosOfAWaitInVain()).isGreaterThan(AdaptiveSpinner.PERSISTING_NANOS);
  }

  @Test
  void aWaitThatPersistedInVainIsFollowedByOneThatSleepsAtOnce() {
    nanosOfAWaitInVain();
    assertThat(waitsThatSleepAtOnce()).isEqualTo(1);
  }

  /** After one pause that is more than a hint, which is too soon to give up. */
  @Test
  void aWaitThatADeadlineEndsWasInVainToo() {
    spinner.begin();
    for (int i = 0; i < MOST_HINTS + 1; i++) {
      assertThat(spinner.pause()).isTrue();
    }
    assertThat(waitsThatSleepAtOnce()).isEqualTo(1);
  }

  @Test
  void aWaitThatSucceededWasNotInVain() {
    spinner.begin();
    for (int i = 0; i < MOST_HINTS + 1; i++) {
      assertThat(spinner.pause()).isTrue();
    }
    spinner.succeeded();
    assertThat(waitsThatSleepAtOnce()).isZero();
  }

  @Test
  void whoMadeRoomForThePeerBySleepingSleepsAtOnceMoreAndMoreOften() {
    assertSkips(AdaptiveSpinner.MADE_ROOM_NANOS - 1, 1, 3, 7, 15, 31, 63, 63);
  }

  @Test
  void whosePeerWasAwayTriesAgainSoon() {
    assertSkips(AdaptiveSpinner.MADE_ROOM_NANOS, 1, 3, 7, 7, 7);
    spinner.succeeded();
    assertSkips(AdaptiveSpinner.AWAY_NANOS, 1, 3, 7, 7, 7);
  }

  @Test
  void whoHasLittleToDoSleepsAtOnceMoreAndMoreOften() {
    assertSkips(AdaptiveSpinner.AWAY_NANOS + 1, 1, 3, 7, 15, 31, 63, 63);
  }

  private long nanosOfAWaitInVain() {
    spinner.begin();
    long start = System.nanoTime();
    while (spinner.pause()) {}
    return System.nanoTime() - start;
  }

  private void assertSkips(long nanosUntilNextWait, int... expected) {
    for (int skipped : expected) {
      spinner.learnFrom(nanosUntilNextWait);
      assertThat(waitsThatSleepAtOnce()).isEqualTo(skipped);
    }
  }

  private int waitsThatSleepAtOnce() {
    for (int skipped = 0; ; skipped++) {
      spinner.begin();
      if (spinner.pause()) {
        return skipped;
      }
    }
  }
}
