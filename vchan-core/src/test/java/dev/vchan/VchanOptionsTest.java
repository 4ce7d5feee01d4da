// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class VchanOptionsTest {

  @Test
  void periodsThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> VchanOptions.DEFAULTS.withLookPeriod(Duration.ofSeconds(9)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PT9S is too short, at least PT10S");
    assertThatThrownBy(() -> VchanOptions.DEFAULTS.withDrainTimeout(Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("negative");
  }
}
