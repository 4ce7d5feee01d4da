// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.spi.EventChannel.Peer;
import dev.vchan.spi.EventPort;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What one port learns of its peer's domain from another, and for how long. */
class XenPortTest extends TwoDomains {

  @Test
  void aDomainThatSendsAgainIsThereAgain() throws IOException {
    try (XenEvents events =
        new XenEvents(Device.open("/dev/null", "no-such-driver", false), server)) {
      XenPort port = new XenPort(events, CLIENT, new EventPort(5), () -> true);
      port.died(STRANGER);
      assertThat(port.peer()).isEqualTo(Peer.UNKNOWN);
      port.died(CLIENT);
      assertThat(port.peer()).isEqualTo(Peer.DIED);
      port.arrived();
      assertThat(port.peer()).isEqualTo(Peer.UNKNOWN);
    }
  }
}
