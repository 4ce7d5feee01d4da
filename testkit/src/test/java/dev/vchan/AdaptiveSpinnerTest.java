// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Watchdog;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How the default policy persists where others want the processors, and what it learns from it. */
class AdaptiveSpinnerTest {

  private static final long SLICE = Competition.LONGEST_NANOS;
  private static final long YIELDING_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  private AdaptiveSpinner spinner = new AdaptiveSpinner(new Competition(System.nanoTime()));

  @Test
  void afterOneSlowYieldAWaitPersistsAsLongAsYieldsWouldTake() {
    assertThat(nanosOfAWaitAmongOthers(1)).isGreaterThan(YIELDING_NANOS);
  }

  @Test
  void whereOthersAreThereToStayAWaitPersistsForLonger() {
    assertThat(nanosOfAWaitAmongOthers(2)).isGreaterThan(AdaptiveSpinner.PERSISTING_NANOS);
  }

  @Test
  void aWaitThatPersistedInVainIsFollowedByOneThatSleepsAtOnce() {
    nanosOfAWaitAmongOthers(1);
    assertThat(waitsThatSleepAtOnce()).isEqualTo(1);
  }

  @Test
  void aWaitThatADeadlineEndsIsInVainToo() {
    Watchdog.until(
        "gives more than hints",
        () -> {
          spinner.begin();
          long start = System.nanoTime();
          while (System.nanoTime() - start < YIELDING_NANOS / 2 && spinner.pause()) {}
          return waitsThatSleepAtOnce() > 0;
        });
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

  /** Of a wait that finds nothing, all of it while nobody may yield. */
  private long nanosOfAWaitAmongOthers(int slowYields) {
    long[] taken = new long[1];
    Watchdog.until(
        "persists",
        () -> {
          Competition others = new Competition(System.nanoTime());
          for (int i = 0; i < slowYields; i++) {
            others.isSlow(System.nanoTime() - SLICE, System.nanoTime());
          }
          spinner = new AdaptiveSpinner(others);
          spinner.begin();
          long start = System.nanoTime();
          while (spinner.pause()) {}
          long end = System.nanoTime();
          taken[0] = end - start;
          return !others.allowsYield(end);
        });
    return taken[0];
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
