// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.DomainId;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Rendezvous.Watch;
import dev.vchan.xen.xenstore.StorePath;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What a client in a domain without privileges learns of its server's domain from XenStore. */
class ServerSignTest extends TwoDomains {

  private static final EventPort PORT = new EventPort(33);
  private static final StorePath LEFT = new StorePath("/local/domain/5/data/vchan-open-33");

  /** The part of xl destroy that can be seen here. */
  private void destroyServer() throws IOException {
    open(DomainId.DOM0).nodes(soon()).remove(new StorePath("/local/domain/" + SERVER));
  }

  /** A server that is not ours leaves nothing but its advertisement. */
  private ServerSign comeTo(XenRendezvous.Registration advertised) throws IOException {
    advertised.publish(new Advertisement(new GrantRef(8), PORT));
    try (Watch watch = client.watch(PATH, SERVER)) {
      assertThat(watch.look()).isPresent();
      ServerSign sign = new ServerSign(client, SERVER, PORT);
      sign.begin();
      return sign;
    }
  }

  @Test
  void aServerOfOursIsGoneWhenWhatItLeftIsGone() throws IOException {
    ServerSign.leave(server, CLIENT, PORT);
    ServerSign sign = new ServerSign(client, SERVER, PORT);
    sign.begin();
    assertThat(sign.isThere()).isTrue();
    destroyServer();
    assertThat(sign.isThere()).isFalse();
  }

  @Test
  void onlyItsClientMayReadWhatItLeaves() throws IOException {
    ServerSign.leave(server, CLIENT, PORT);
    assertThat(open(SERVER).nodes(soon()).permissions(LEFT))
        .hasValueSatisfying(permissions -> assertThat(permissions).hasToString("n5 r6"));
    ServerSign strangers =
        new ServerSign(new XenRendezvous(open(STRANGER), STRANGER), SERVER, PORT);
    strangers.begin();
    destroyServer();
    assertThat(strangers.isThere()).isTrue();
  }

  @Test
  void itIsTakenBackInAThreadThatWasInterrupted() throws IOException {
    ServerSign.leave(server, CLIENT, PORT);
    Thread.currentThread().interrupt();
    ServerSign.takeBack(server, PORT);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(daemon.nodesBelow("vchan-open-33")).isEmpty();
  }

  @Test
  void anAdvertisementThatOutlivedItsClientsComingGoesWithTheDomain() throws IOException {
    try (var registration = server.register(PATH, CLIENT)) {
      ServerSign sign = comeTo(registration);
      assertThat(sign.isThere()).isTrue();
      destroyServer();
      assertThat(sign.isThere()).isFalse();
    }
  }

  @Test
  void anAdvertisementThatWasTakenBackAtOnceSaysNothing() throws IOException {
    try (var registration = server.register(PATH, CLIENT)) {
      ServerSign sign = comeTo(registration);
      registration.withdraw();
      assertThat(sign.isThere()).isTrue();
      destroyServer();
      assertThat(sign.isThere()).isTrue();
    }
  }

  @Test
  void whereItMayNotBeLeftTheServerIsToldWhy() throws IOException {
    XenRendezvous wrong = new XenRendezvous(open(STRANGER), SERVER);
    assertThatThrownBy(() -> ServerSign.leave(wrong, CLIENT, PORT))
        .isInstanceOf(SystemRefusedException.class)
        .hasMessageContaining("vchan-open-33");
  }
}
