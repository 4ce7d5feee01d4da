// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.ChildJvm;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Virtual threads that wait for xenstored leave their carrier to others. */
class PinningTest {

  @Test
  void blockedCallersLeaveTheirOnlyCarrierToOthers() throws IOException {
    try (ChildJvm child =
        new ChildJvm(Optional.empty(), Duration.ofSeconds(90), PinningMain.class)) {
      assertThat(child.line()).contains("free");
    }
  }
}
