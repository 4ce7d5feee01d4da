// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** How long a call rests before it looks, by a clock in the hands of the test. */
class PaceTest {

  private static final long BETWEEN = 50;
  private static final int RING = 1 << 16;

  private final Pace pace = new Pace(Competition.OF_PROCESS);
  private boolean busy;
  private long now = Long.MAX_VALUE - 1_000;

  @Test
  void looksThatFindALittleAgainAndAgainAreSpacedOutUpToTwoMicroseconds() {
    looks(1, true);
    assertThat(pace.nanosToRest(now)).isZero();
    looks(3, true);
    assertThat(pace.nanosToRest(now)).isEqualTo(3 * Pace.STEP_NANOS);
    assertThat(pace.nanosToRest(now + 2 * Pace.STEP_NANOS)).isEqualTo(Pace.STEP_NANOS);
    looks(100, true);
    assertThat(pace.nanosToRest(now)).isEqualTo(Pace.MOST_NANOS);
    assertThat(pace.nanosToRest(now + Pace.MOST_NANOS)).isZero();
  }

  @Test
  void eachLookThatFindsEnoughShortensTheRest() {
    looks(6, true);
    looks(2, false);
    assertThat(pace.nanosToRest(now)).isEqualTo(3 * Pace.STEP_NANOS);
    looks(3, false);
    assertThat(pace.nanosToRest(now)).isZero();
  }

  @Test
  void eachLookThatFindsNothingHalvesTheRest() {
    looks(100, true);
    for (long left = Pace.MOST_NANOS; left > 0; left /= 2) {
      assertThat(pace.nanosToRest(now)).isEqualTo(left);
      pace.found(0, RING);
    }
    assertThat(pace.nanosToRest(now)).isZero();
  }

  @Test
  void looksThatAreFarApartNeedNoRest() {
    looks(100, true);
    now += Pace.APART_NANOS;
    looks(1, true);
    assertThat(pace.nanosToRest(now)).isZero();
  }

  @Test
  void whereOthersWantTheProcessorsBothAreEightTimesAsLong() {
    busy = true;
    looks(1_000, true);
    assertThat(pace.nanosToRest(now)).isEqualTo(8 * Pace.MOST_NANOS);
    now += 8 * Pace.APART_NANOS - BETWEEN;
    looks(1, true);
    assertThat(pace.nanosToRest(now)).isEqualTo(8 * Pace.MOST_NANOS);
    busy = false;
    looks(1, true);
    assertThat(pace.nanosToRest(now)).isEqualTo(Pace.MOST_NANOS);
  }

  private void looks(int count, boolean few) {
    for (int i = 0; i < count; i++) {
      now += BETWEEN;
      pace.foundAt(now, few, busy);
    }
  }
}
