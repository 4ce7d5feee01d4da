// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Rendezvous.Registration;
import dev.vchan.spi.Rendezvous.Watch;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.Watchdog;
import dev.vchan.xen.xenstore.Nodes;
import dev.vchan.xen.xenstore.StorePath;
import dev.vchan.xen.xenstore.XenStoreException;
import dev.vchan.xen.xenstore.fake.Frame;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands in XenStore for a server, who may read it, and what is left of it. */
class AdvertisementTest extends TwoDomains {

  private static final StorePath NODE = new StorePath(PATH.value());
  private static final Advertisement FIRST =
      new Advertisement(new GrantRef(8), new EventPort(0xFFFF_FFFF));
  private static final Advertisement SECOND = new Advertisement(new GrantRef(9), new EventPort(10));

  private Nodes nodes(DomainId domain) throws IOException {
    return open(domain).nodes(soon());
  }

  @Test
  @Case("T14")
  void bothLeavesAreForTheClientAlone() throws IOException {
    try (Registration held = server.register(PATH, CLIENT)) {
      assertThat(daemon.nodesBelow("vchan")).isEmpty();
      held.publish(FIRST);
      Nodes its = nodes(CLIENT);
      assertThat(its.read(NODE.child("ring-ref"))).contains("8");
      assertThat(its.read(NODE.child("event-channel"))).contains("4294967295");
      for (String leaf : List.of("ring-ref", "event-channel")) {
        assertThat(its.permissions(NODE.child(leaf)).orElseThrow()).hasToString("n5 r6");
        assertThatThrownBy(() -> nodes(STRANGER).read(NODE.child(leaf)))
            .isInstanceOf(XenStoreException.class)
            .hasMessageContaining("EACCES");
      }
    }
    assertThat(daemon.nodesBelow("vchan")).isEmpty();
  }

  @Test
  void theLeavesAreWrittenInLibxenvchansOrderInOneTransaction() throws IOException {
    try (Registration held = server.register(PATH, CLIENT)) {
      held.publish(FIRST);
      List<Frame> sent = daemon.requests();
      assertThat(sent.stream().map(Frame::type))
          .containsExactly(
              // Whether this is still the domain it was.
              Frame.READ,
              Frame.TRANSACTION_START,
              Frame.WRITE,
              Frame.SET_PERMS,
              Frame.WRITE,
              Frame.SET_PERMS,
              Frame.TRANSACTION_END);
      assertThat(sent.get(2).strings().getFirst()).endsWith("/ring-ref");
      assertThat(sent.get(4).strings().getFirst()).endsWith("/event-channel");
      assertThat(sent.stream().skip(2).map(Frame::transaction).distinct()).hasSize(1);
    }
  }

  @Test
  @Case("T15")
  void conflictsAreOvercomeAndTooManyAreARefusal() throws IOException {
    try (Registration held = server.register(PATH, CLIENT);
        Watch watch = client.watch(PATH, SERVER)) {
      daemon.conflictNext(3);
      held.publish(FIRST);
      assertThat(watch.look()).contains(FIRST);
      daemon.conflictNext(1);
      assertThat(watch.look()).contains(FIRST);
      daemon.conflictNext(Integer.MAX_VALUE);
      assertThatThrownBy(() -> held.publish(SECOND))
          .isInstanceOf(SystemRefusedException.class)
          .hasMessageContaining("EAGAIN");
      assertThat(watch.look()).isEmpty();
      daemon.conflictNext(0);
      assertThat(watch.look()).contains(FIRST);
    }
  }

  @Test
  @Case("T19")
  void whatOthersWroteThereStaysAndWhatIsGoneIsGone() throws IOException {
    Nodes dom0 = nodes(DomainId.DOM0);
    Registration held = server.register(PATH, CLIENT);
    held.publish(FIRST);
    dom0.write(NODE.child("ring-ref"), "77");
    held.withdraw();
    assertThat(dom0.read(NODE.child("ring-ref"))).contains("77");
    held.publish(SECOND);
    dom0.remove(new StorePath("/local/domain/5/data/vchan"));
    held.withdraw();
    held.withdraw();
    held.close();
    held.close();
    assertThat(daemon.nodesBelow("vchan")).isEmpty();
  }

  @Test
  @Case("T19")
  void closingIsOverWhenXenStoreIs() throws IOException {
    Registration held = server.register(PATH, CLIENT);
    held.publish(FIRST);
    daemon.hangUp();
    assertThatThrownBy(held::close).isInstanceOf(XenStoreException.class);
    held.close();
    XenRendezvous next = new XenRendezvous(open(SERVER), SERVER);
    try (Registration again = next.register(PATH, CLIENT)) {
      again.publish(FIRST);
    }
    next.close();
  }

  @Test
  void closingOneOfTwoLeavesTheOther() throws IOException {
    RendezvousPath other = RendezvousPath.of(SERVER, CLIENT, new PortName("other"));
    try (Watch watch = client.watch(other, SERVER);
        Registration second = server.register(other, CLIENT)) {
      Registration first = server.register(PATH, CLIENT);
      first.publish(FIRST);
      second.publish(SECOND);
      first.close();
      assertThat(watch.look()).contains(SECOND);
    }
    assertThat(daemon.nodesBelow("vchan")).isEmpty();
  }

  @Test
  void anInterruptedThreadWithdrawsAllTheSame() throws Exception {
    Registration held = server.register(PATH, CLIENT);
    held.publish(FIRST);
    var closing =
        Watchdog.start(
            "closing",
            () -> {
              Thread.currentThread().interrupt();
              held.close();
              return Thread.currentThread().isInterrupted();
            });
    assertThat(closing.get()).isTrue();
    assertThat(daemon.nodesBelow("vchan")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "-1", "4294967296", "0x8", "8 9", "\0"})
  @Case("T16")
  void aValueThatIsNoneMeansNotYet(String value) throws IOException {
    try (Registration held = server.register(PATH, CLIENT);
        Watch watch = client.watch(PATH, SERVER)) {
      held.publish(FIRST);
      nodes(SERVER).write(NODE.child("ring-ref"), value);
      assertThat(watch.look()).isEmpty();
      held.publish(SECOND);
      assertThat(watch.look()).contains(SECOND);
    }
  }

  @Test
  @Case("T16")
  void leavesThatMayNotBeReadMeanNotYet() throws IOException {
    try (Watch watch = client.watch(PATH, SERVER)) {
      assertThat(watch.look()).isEmpty();
      Nodes its = nodes(SERVER);
      its.write(NODE.child("ring-ref"), "8");
      its.write(NODE.child("event-channel"), "9");
      assertThat(watch.look()).isEmpty();
      its.remove(new StorePath("/local/domain/5/data/vchan"));
    }
  }

  @Test
  void aPathThatIsNotTheServersIsRefused() throws IOException {
    RendezvousPath foreign = new RendezvousPath("/local/domain/7/data/vchan/6/port");
    daemon.socket(STRANGER);
    try (Registration held = server.register(foreign, CLIENT)) {
      assertThatThrownBy(() -> held.publish(FIRST))
          .isInstanceOf(SystemRefusedException.class)
          .hasMessageContaining(foreign.value())
          .hasMessageContaining("EACCES");
    }
  }

  @Test
  void theOwnDomainIsRefusedAsAPeer() {
    assertThatThrownBy(() -> server.register(PATH, SERVER))
        .isInstanceOf(SystemRefusedException.class)
        .hasMessageContaining("domain 5");
    assertThatThrownBy(() -> client.watch(PATH, CLIENT))
        .isInstanceOf(SystemRefusedException.class)
        .hasMessageContaining("domain 6");
    assertThat(daemon.requests()).isEmpty();
  }

  @Test
  void aPathOfOnesOwnMakingIsWithdrawnToo() throws IOException {
    RendezvousPath own = new RendezvousPath("/local/domain/5/data/somewhere/else");
    try (Registration held = server.register(own, CLIENT);
        Watch watch = client.watch(own, SERVER)) {
      held.publish(FIRST);
      assertThat(watch.look()).contains(FIRST);
    }
    assertThat(nodes(SERVER).list(new StorePath("data/somewhere"))).contains(List.of());
  }

  @Test
  void closingTheRendezvousClosesEverything() throws IOException {
    Registration held = server.register(PATH, CLIENT);
    held.publish(FIRST);
    server.close();
    assertThat(daemon.nodesBelow("vchan")).isEmpty();
    assertThatThrownBy(() -> server.register(PATH, CLIENT)).hasMessageContaining("closed");
    assertThatThrownBy(() -> server.watch(PATH, CLIENT)).hasMessageContaining("closed");
    assertThatThrownBy(() -> held.publish(FIRST)).hasMessageContaining("given up");
  }
}
