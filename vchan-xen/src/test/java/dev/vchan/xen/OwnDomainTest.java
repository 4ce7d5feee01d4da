// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventChannel.Peer;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import dev.vchan.testkit.Case;
import dev.vchan.xen.xenstore.XenStore;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What XenStore says of the own domain is another number, or none, as after a migration. */
@Case("A57")
class OwnDomainTest extends TwoDomains {

  private static final String DOMID = "/local/domain/" + SERVER + "/domid";

  private Peer peerOfAPort() throws IOException {
    try (XenEvents events =
        new XenEvents(Device.open("/dev/null", "no-such-driver", false), server)) {
      return new XenPort(events, CLIENT, new EventPort(5), () -> true).peer();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"6", "0", "12", "-5", "32752", "4294967301", "5x", "five", "", "5\n\n7"})
  void channelsAreOverAndOthersAreRefusedUntilItIsRightAgain(String forged) throws IOException {
    assertThat(peerOfAPort()).isEqualTo(Peer.UNKNOWN);
    daemon.write(DOMID, forged);
    assertThat(peerOfAPort()).isEqualTo(Peer.DIED);
    assertThatThrownBy(() -> server.register(PATH, CLIENT))
        .isInstanceOf(SystemRefusedException.class)
        .hasMessageContaining("open another backend");
    assertThatThrownBy(() -> server.watch(PATH, CLIENT)).isInstanceOf(SystemRefusedException.class);
    assertThat(daemon.nodesBelow("vchan")).isEmpty();
    daemon.write(DOMID, SERVER.toString());
    assertThat(peerOfAPort()).isEqualTo(Peer.UNKNOWN);
    server.register(PATH, CLIENT).close();
  }

  @Test
  void aBackendThatIsOpenedAfterwardsReadsItAnew() throws IOException {
    XenStore store = open(SERVER);
    daemon.write(DOMID, "12\n");
    assertThat(XenRendezvous.ownDomain(store, soon())).contains(new DomainId(12));
    for (String forged : List.of("32752", "-1", "five", "", "9".repeat(4000))) {
      daemon.write(DOMID, forged);
      assertThatThrownBy(() -> XenRendezvous.ownDomain(store, soon()))
          .isInstanceOf(SystemRefusedException.class)
          .hasMessageContaining("domid");
    }
  }

  @Test
  void whileXenStoreDoesNotAnswerNothingIsOver() throws IOException {
    try (XenEvents events =
        new XenEvents(Device.open("/dev/null", "no-such-driver", false), server)) {
      XenPort port = new XenPort(events, CLIENT, new EventPort(5), () -> true);
      daemon.tamper((frame, out) -> {});
      assertThat(port.peer()).isEqualTo(Peer.UNKNOWN);
      daemon.write(DOMID, "12");
      assertThat(port.peer()).isEqualTo(Peer.UNKNOWN);
    }
  }

  @Test
  void whatAForgedNumberWouldLetItDoXenStoreRefuses() throws IOException {
    daemon.write(DOMID, STRANGER.toString());
    XenStore store = open(SERVER);
    Deadline soon = soon();
    XenRendezvous believes =
        new XenRendezvous(store, XenRendezvous.ownDomain(store, soon).orElseThrow());
    assertThat(believes.self()).isEqualTo(STRANGER);
    daemon.socket(STRANGER);
    RendezvousPath path = RendezvousPath.of(STRANGER, CLIENT, new PortName("port"));
    try (var registration = believes.register(path, CLIENT)) {
      Advertisement advertised = new Advertisement(new GrantRef(8), new EventPort(5));
      assertThatThrownBy(() -> registration.publish(advertised))
          .isInstanceOf(SystemRefusedException.class);
    }
    believes.close();
  }
}
