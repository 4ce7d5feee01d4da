// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.local.LocalBackend;
import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A server that keeps its page for the next client: both streams go on where the last client left
 * them, at the indices in the page, unread bytes included.
 */
class PersistentTest {

  private static final int CLIENTS = 10;

  /** More than the smallest ring, so that the indices are at another place for each client. */
  private static final int THERE = 1_500;

  private static final int BACK = 2_700;

  /** Written while no client is there, or left by the one that went. */
  private static final int LEFT = 300;

  private static final VchanOptions SMALL = VchanOptions.DEFAULTS.withSizes(RingSizes.both(1));

  @BeforeAll
  static void compile() throws IOException {
    Programs.peer();
  }

  @Test
  void ourClientsFollowEachOtherAtAServerOfLibxenvchan() throws Exception {
    RendezvousPath path = Hub.path(Hub.C, "persist");
    try (Hub hub = new Hub();
        LocalBackend backend = hub.open();
        CPeer peer = hub.startPeer()) {
      peer.ask("listen %s %s 1 1 persist".formatted(Hub.JAVA, path));
      peer.ask("streams 2 1");
      JavaEnd end = null;
      for (int client = 0; client < CLIENTS; client++) {
        try (Vchan channel = Vchan.connect(backend, Hub.C, path, SMALL, Hub.soon())) {
          assertThat(channel.supportsHalfClose()).isFalse();
          if (end == null) {
            end = new JavaEnd(channel, 1, 2, 400, 400);
          }
          end.goOnWith(channel);
          peer.tell("read %d 400".formatted(THERE));
          end.write(THERE);
          peer.answered();
          peer.tell("write %d 400".formatted(BACK + LEFT));
          end.read(client == 0 ? BACK : BACK + LEFT);
          peer.answered();
          assertThat(channel.dataReady()).as("left for the next client").isEqualTo(LEFT);
          assertThat(channel.counters().endedByPeriod()).isZero();
        }
        assertThat(peer.ask("open")).as("a persistent server says it is open").containsExactly(1);
      }
      peer.ask("close");
    }
  }

  @Test
  void clientsOfLibxenvchanFollowEachOtherAtOurServer() throws Exception {
    RendezvousPath path = Hub.path(Hub.JAVA, "persist");
    VchanOptions options = SMALL.persisting();
    try (Hub hub = new Hub();
        LocalBackend backend = hub.open();
        VchanListener listener = VchanListener.open(backend, Hub.C, path, options)) {
      JavaEnd end = null;
      Vchan channel = null;
      for (int client = 0; client < CLIENTS; client++) {
        try (CPeer peer = hub.startPeer()) {
          peer.ask("connect %s %s 100000".formatted(Hub.JAVA, path));
          peer.ask("streams %d %d".formatted(10 + client, 100 + client));
          if (channel == null) {
            channel = listener.accept(Hub.soon());
          }
          end = new JavaEnd(channel, 100 + client, 10 + client, 400, 400);
          peer.tell("read %d 400".formatted(THERE));
          end.write(THERE);
          peer.answered();
          peer.tell("write %d 400".formatted(BACK));
          end.read(BACK);
          peer.answered();
          peer.ask("close");
        }
      }
      assertThat(channel.counters().endedByPeriod()).isZero();
      channel.close();
    }
  }
}
