// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.testkit.Watchdog.Task;
import org.junit.jupiter.api.Test;

/**
 * Ports are numbers that are used again, so an event that was meant for an earlier channel may
 * reach a listener while a client comes. It proves that a client came with values of another life
 * only where the backend knows that somebody is bound.
 */
class SpuriousEventTest {

  private final InProcessHost host = new InProcessHost();

  /** An event, seen by a listener that waits, between a client's first step and its second. */
  private long rejectedAfterAnEventTooEarly(boolean turnsAway) throws Exception {
    try (VchanListener listener =
        VchanListener.open(host.domain(Duel.VICTIM), Duel.ATTACKER, Duel.PORT, Duel.OPTIONS)) {
      Task<Vchan> accept = Duel.startAndBlock(() -> listener.accept(Duel.soon()));
      HostilePeer client = come(listener).bind().map();
      try (client) {
        var look = SeamPoint.after("byteAcquire").at(InterfacePage.CLI_LIVE);
        try (var looks = SeamHooks.on(look, () -> {})) {
          client.event();
          // Once for the event, and once more before it waits for the next.
          Watchdog.until("seen", () -> looks.hits() > 1);
        }
        if (!turnsAway) {
          client.enter();
          accept.get().close();
        }
      }
      if (turnsAway) {
        try (HostilePeer next = come(listener)) {
          // It is counted first, and withdrawn and published anew a moment later.
          while (next.advertisement().equals(client.advertisement())) {
            next.lookUp(Duel.soon());
          }
          next.bind().map().enter();
          accept.get().close();
        }
      }
      return listener.rejectedClients();
    } finally {
      assertThat(host.leftovers()).isEmpty();
    }
  }

  private HostilePeer come(VchanListener listener) throws Exception {
    return HostilePeer.client(host.domain(Duel.ATTACKER), Duel.VICTIM, listener.path())
        .lookUp(Duel.soon());
  }

  @Test
  void whereNobodyKnowsWhoIsBoundTheClientIsAcceptedAllTheSame() throws Exception {
    host.hidePeers();
    assertThat(rejectedAfterAnEventTooEarly(false)).isZero();
  }

  @Test
  void whereItIsKnownTheClientIsTurnedAwayAndTheNextOneAccepted() throws Exception {
    assertThat(rejectedAfterAnEventTooEarly(true)).isEqualTo(1);
  }
}
