// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.RendezvousPath;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.interop.Script.Scene;
import dev.vchan.interop.Script.Step;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.ends.Role;
import java.util.List;

/** The script, played between processes of one machine. */
final class HubScript {

  private HubScript() {}

  /** Plays the script with our endpoint as the partner. */
  static List<Step> withOurs(Role role, VchanOptions options) throws Exception {
    try (Hub hub = new Hub();
        LocalBackend backend = hub.open();
        CPeer peer = hub.startPeer()) {
      if (role == Role.CLIENT) {
        RendezvousPath path = Hub.path(Hub.C, Hub.MEETING);
        peer.ask("listen %s %s 1 1".formatted(Hub.JAVA, path));
        PageView page = PageView.of(hub, Hub.C);
        try (Vchan channel = Vchan.connect(backend, Hub.C, path, options, Hub.soon())) {
          peer.ask("accept");
          return play(peer, channel, role, page);
        }
      }
      RendezvousPath path = Hub.path(Hub.JAVA, Hub.MEETING);
      try (VchanListener listener = VchanListener.open(backend, Hub.C, path, options)) {
        PageView page = PageView.of(hub, Hub.JAVA);
        peer.ask("connect %s %s 1".formatted(Hub.JAVA, path));
        try (Vchan channel = listener.accept(Hub.soon())) {
          return play(peer, channel, role, page);
        }
      }
    }
  }

  private static List<Step> play(CPeer peer, Vchan channel, Role role, PageView page)
      throws Exception {
    return Script.play(
        new Scene(
            peer,
            new Partner.Ours(channel),
            role,
            page,
            channel.outgoingCapacity(),
            channel.incomingCapacity(),
            () -> new Cost(channel.counters().eventsSent(), peer.eventsSent(), 0)));
  }

  /** Plays the script with libxenvchan as the partner. */
  static List<Step> withLibxenvchan(Role role) throws Exception {
    try (Hub hub = new Hub();
        CPeer peer = hub.startPeer();
        CPeer partner = CPeer.start(hub.root(), Hub.JAVA.value())) {
      boolean serves = role == Role.SERVER;
      RendezvousPath path = Hub.path(serves ? Hub.JAVA : Hub.C, Hub.MEETING);
      CPeer server = serves ? partner : peer;
      CPeer client = serves ? peer : partner;
      server.ask("listen %s %s 1 1".formatted(serves ? Hub.C : Hub.JAVA, path));
      PageView page = PageView.of(hub, serves ? Hub.JAVA : Hub.C);
      long[] rings = client.ask("connect %s %s 1".formatted(serves ? Hub.JAVA : Hub.C, path));
      server.ask("accept");
      int there = (int) (serves ? rings[0] : rings[1]);
      int back = (int) (serves ? rings[1] : rings[0]);
      return Script.play(
          new Scene(
              peer,
              new Partner.Libxenvchan(partner),
              role,
              page,
              there,
              back,
              () -> new Cost(partner.eventsSent(), peer.eventsSent(), 0)));
    }
  }
}
