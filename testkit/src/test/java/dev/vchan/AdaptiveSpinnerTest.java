// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What the default policy learns, on a busy machine, from the sleep after a wait in vain. */
class AdaptiveSpinnerTest {

  private final AdaptiveSpinner spinner = new AdaptiveSpinner();

  @Test
  void whoMadeRoomForThePeerBySleepingSleepsAtOnceMoreAndMoreOften() {
    assertSkips(AdaptiveSpinner.MADE_ROOM_NANOS - 1, 1, 3, 7, 15, 31, 63, 63);
  }

  @Test
  void whosePeerWasAwayTriesAgainSoon() {
    assertSkips(AdaptiveSpinner.MADE_ROOM_NANOS, 1, 3, 7, 7, 7);
  }

  private void assertSkips(long nanosAsleep, int... expected) {
    for (int skipped : expected) {
      spinner.learnFromSleep(nanosAsleep);
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
