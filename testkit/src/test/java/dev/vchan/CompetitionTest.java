// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static dev.vchan.Competition.LONGEST_NANOS;
import static dev.vchan.Competition.MOST_DOUBLINGS;
import static dev.vchan.Competition.QUICK_A_SLOW;
import static dev.vchan.Competition.SLOW_NANOS;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** When a process yields, by a clock in the hands of the test. */
class CompetitionTest {

  private static final long SLOW = 3_000_000;

  private long now = Long.MAX_VALUE - SLOW;
  private final Competition competition = new Competition(now);

  @Test
  void yieldsAreAllowedUntilOneIsSlow() {
    assertThat(competition.allowsYield(now)).isTrue();
    assertThat(yieldFor(SLOW_NANOS)).isFalse();
    assertThat(competition.allowsYield(now)).isTrue();
    assertThat(yieldFor(SLOW_NANOS + 1)).isTrue();
    assertThat(competition.allowsYield(now)).isFalse();
  }

  @Test
  void eachSlowYieldForbidsThemForTwiceAsLongAsTheOneBeforeUpToABound() {
    for (int slow = 1; slow <= 2 * MOST_DOUBLINGS; slow++) {
      yieldFor(SLOW);
      assertForbiddenFor(SLOW << Math.min(slow, MOST_DOUBLINGS));
    }
  }

  @Test
  void quickYieldsMakeUpForSlowOnes() {
    yieldFor(SLOW);
    yieldFor(SLOW);
    yieldFor(SLOW);
    now += SLOW << MOST_DOUBLINGS;
    for (int i = 0; i < 2 * QUICK_A_SLOW; i++) {
      yieldFor(1_000);
    }
    yieldFor(SLOW);
    assertForbiddenFor(SLOW << 2);
    for (int i = 0; i < 100 * QUICK_A_SLOW; i++) {
      yieldFor(1_000);
    }
    yieldFor(SLOW);
    assertForbiddenFor(SLOW << 1);
  }

  @Test
  void severalSlowYieldsSayThatOthersAreThereToStayAndQuickOnesThatTheyWent() {
    yieldFor(SLOW);
    assertThat(competition.lasts()).isFalse();
    yieldFor(SLOW);
    assertThat(competition.lasts()).isTrue();
    for (int i = 0; i < QUICK_A_SLOW; i++) {
      yieldFor(1_000);
    }
    assertThat(competition.lasts()).isFalse();
  }

  @Test
  void aProcessThatWasStoppedSaysNothingAboutOthers() {
    yieldFor(1_000 * LONGEST_NANOS);
    assertForbiddenFor(LONGEST_NANOS << 1);
  }

  @Test
  void aYieldThatEndsLaterDoesNotShortenWhatAnotherHasFound() {
    yieldFor(LONGEST_NANOS);
    long end = now + (LONGEST_NANOS << 1);
    competition.isSlow(now - 2 * SLOW_NANOS, now);
    assertThat(competition.allowsYield(end - 1)).isFalse();
  }

  private boolean yieldFor(long nanos) {
    long before = now;
    now += nanos;
    return competition.isSlow(before, now);
  }

  private void assertForbiddenFor(long nanos) {
    assertThat(competition.allowsYield(now + nanos - 1)).isFalse();
    now += nanos;
    assertThat(competition.allowsYield(now)).isTrue();
  }
}
