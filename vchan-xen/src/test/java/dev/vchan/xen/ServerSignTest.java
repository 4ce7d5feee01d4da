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
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Rendezvous.Watch;
import dev.vchan.testkit.LeakCheck;
import dev.vchan.testkit.Watchdog;
import dev.vchan.xen.xenstore.StorePath;
import dev.vchan.xen.xenstore.XenStore;
import dev.vchan.xen.xenstore.fake.FakeXenstored;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a client in a domain without privileges learns of its server's domain from XenStore. */
class ServerSignTest {

  private static final DomainId SERVER = new DomainId(5);
  private static final DomainId CLIENT = new DomainId(6);
  private static final DomainId STRANGER = new DomainId(7);
  private static final RendezvousPath PATH =
      RendezvousPath.of(SERVER, CLIENT, new PortName("port"));
  private static final EventPort PORT = new EventPort(33);
  private static final StorePath LEFT = new StorePath("/local/domain/5/data/vchan-open-33");

  private final List<XenStore> stores = new ArrayList<>();
  private LeakCheck leaks;
  private FakeXenstored daemon;
  private XenRendezvous server;
  private XenRendezvous client;

  @BeforeEach
  void start() throws IOException {
    XenContractTest.warmUp();
    leaks = new LeakCheck();
    daemon = FakeXenstored.likeC();
    server = new XenRendezvous(open(SERVER), SERVER);
    client = new XenRendezvous(open(CLIENT), CLIENT);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
    client.close();
    Watchdog.until(() -> "free of " + daemon.holdings(), () -> daemon.holdings().isEmpty());
    stores.forEach(XenStore::close);
    daemon.close();
    leaks.assertNothingLeft();
  }

  private static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(30));
  }

  private XenStore open(DomainId domain) throws IOException {
    stores.add(XenStore.open(daemon.socket(domain), soon()));
    return stores.getLast();
  }

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
