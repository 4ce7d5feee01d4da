// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What rounds say together. */
class StatisticsTest {

  @Test
  void theMedianIsTheMiddleOneOrTheMeanOfTwo() {
    assertThat(Statistics.of(List.of(9.0, 1.0, 5.0))).isEqualTo(new Statistics(5, 1, 9));
    assertThat(Statistics.of(List.of(4.0, 1.0, 9.0, 2.0))).isEqualTo(new Statistics(3, 1, 9));
    assertThat(Statistics.of(List.of(7.0))).isEqualTo(new Statistics(7, 7, 7));
    assertThatThrownBy(() -> Statistics.of(List.of())).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void ratiosAreTakenRoundByRound() {
    // A machine that is ten times slower in the second round is so for both.
    assertThat(Statistics.ratio(List.of(200.0, 20.0, 220.0), List.of(100.0, 10.0, 110.0)))
        .isEqualTo(2);
    // The medians alone would say 1.
    assertThat(Statistics.ratio(List.of(10.0, 20.0, 60.0), List.of(5.0, 20.0, 30.0))).isEqualTo(2);
  }

  @Test
  void ratiosOfUnequalRoundsAreThoseOfTheMedians() {
    assertThat(Statistics.ratio(List.of(10.0, 30.0), List.of(5.0))).isEqualTo(4);
  }

  @Test
  void nothingBesideNothingIsTheSame() {
    assertThat(Statistics.ratio(List.of(0.0), List.of(0.0))).isEqualTo(1);
    assertThat(Statistics.ratio(List.of(3.0), List.of(0.0))).isInfinite();
  }
}
