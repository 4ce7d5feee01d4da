// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanTimeoutException;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.StaleAdvertisementException;
import dev.vchan.testkit.Duel.Role;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The peer lies while the two sides come together. */
class ConnectAttackTest {

  private final InProcessHost host = new InProcessHost();

  @AfterEach
  void nothingIsLeft() {
    assertThat(host.leftovers()).isEmpty();
  }

  private HostilePeer server(int leftOrder, int rightOrder) throws IOException {
    return HostilePeer.server(
        host.domain(Duel.ATTACKER), Duel.VICTIM, Duel.pathOfAttacker(), leftOrder, rightOrder);
  }

  private Vchan connect(long millis, VchanOptions options) throws IOException {
    return Vchan.connect(
        host.domain(Duel.VICTIM),
        Duel.ATTACKER,
        Duel.pathOfAttacker(),
        options,
        Duel.millis(millis));
  }

  /** A client of ours waits, finds nothing it can use, and has nothing left when it gives up. */
  private void assertWaits(String reason) {
    assertThatThrownBy(() -> connect(30, Duel.OPTIONS))
        .isInstanceOf(VchanTimeoutException.class)
        .hasMessageContaining(reason);
    assertThat(host.leftovers()).noneMatch(line -> line.startsWith("domain 0"));
  }

  private VchanListener listen() throws IOException {
    return VchanListener.open(host.domain(Duel.VICTIM), Duel.ATTACKER, Duel.PORT, Duel.OPTIONS);
  }

  private HostilePeer client(VchanListener listener) throws IOException {
    return HostilePeer.client(host.domain(Duel.ATTACKER), Duel.VICTIM, listener.path())
        .lookUp(Duel.soon());
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  @Case("A15")
  void ordersThatChangeAfterwardsHaveNoEffect(Role role) throws IOException {
    try (Duel duel = Duel.begin(role)) {
      int in = duel.victim.incomingCapacity();
      int out = duel.victim.outgoingCapacity();
      for (int order : new int[] {0, 9, 21, 63, 65535}) {
        duel.peer.page().store16(InterfacePage.LEFT_ORDER, order);
        duel.peer.page().store16(InterfacePage.RIGHT_ORDER, order);
        duel.peer.produce(new byte[in]);
        assertThat(duel.readAvailable()).hasSize(in);
        assertThat(duel.victim.tryWrite(ByteBuffer.allocate(2 * out))).isEqualTo(out);
        assertThat(duel.peer.consume()).hasSize(out);
      }
      assertThat(duel.victim.incomingCapacity()).isEqualTo(in);
    }
  }

  @Test
  @Case("A16")
  void anOrderThatChangesBetweenReadAndCheckIsNotSeen() throws IOException {
    try (HostilePeer peer = server(10, 11).publish();
        var hook =
            SeamHooks.on(
                SeamPoint.after("shortPlain").at(InterfacePage.RIGHT_ORDER),
                () -> {
                  peer.page().store16(InterfacePage.LEFT_ORDER, 65535);
                  peer.page().store16(InterfacePage.RIGHT_ORDER, 20);
                });
        Vchan victim = connect(30_000, Duel.OPTIONS)) {
      assertThat(hook.hits()).isEqualTo(1);
      assertThat(victim.incomingCapacity()).isEqualTo(2048);
      assertThat(victim.outgoingCapacity()).isEqualTo(1024);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "1,12",
    "9,12",
    "12,9",
    "21,12",
    "12,32",
    "64,64",
    "65535,65535",
    "10,10",
    "11,11",
    "10,20",
    "20,10"
  })
  @Case("A17")
  @Case("A18")
  @Case("A19")
  @Case("A20")
  void illegalOrdersAreNotAnAdvertisement(int leftOrder, int rightOrder) throws IOException {
    try (HostilePeer peer = server(12, 12)) {
      peer.page().store16(InterfacePage.LEFT_ORDER, leftOrder);
      peer.page().store16(InterfacePage.RIGHT_ORDER, rightOrder);
      peer.publish();
      assertWaits("ring orders");
      assertThat(peer.page().load8(InterfacePage.CLI_LIVE)).isNotEqualTo(1);
    }
  }

  @Test
  @Case("A20")
  void overlappingGrantsAreTakenFromThePrivateCopyWhenAskedFor() throws IOException {
    try (HostilePeer peer = server(10, 20).publish();
        Vchan victim = connect(30_000, Duel.OPTIONS.acceptingOverlappingGrants())) {
      // The end of the list lies in the ring: writing there destroys it, which must not matter.
      victim.write(ByteBuffer.allocate(1024));
      peer.produce(new byte[1000]);
      assertThat(victim.incomingCapacity()).isEqualTo(1 << 20);
      assertThat(victim.read(ByteBuffer.allocate(5000))).isEqualTo(1000);
    }
  }

  @Test
  @Case("A21")
  void grantsThatChangeAfterTheCopyAreNotSeen() throws IOException {
    try (HostilePeer peer = server(10, 13).publish();
        var hook =
            SeamHooks.on(
                SeamPoint.after("intAcquire").at(InterfacePage.GRANTS + 4),
                () -> {
                  peer.page().store32(InterfacePage.GRANTS, -1);
                  peer.page().store32(InterfacePage.GRANTS + 4, -1);
                });
        Vchan victim = connect(30_000, Duel.OPTIONS)) {
      assertThat(hook.hits()).isEqualTo(1);
      peer.produce(new byte[8192]);
      assertThat(victim.read(ByteBuffer.allocate(10_000))).isEqualTo(8192);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 8, 0x7FFF_FFFF})
  @Case("A22")
  void wildGrantsAreUnwound(int reference) throws IOException {
    try (HostilePeer peer = server(10, 13)) {
      peer.page().store32(InterfacePage.GRANTS + 4, reference);
      peer.publish();
      assertWaits("reference");
    }
  }

  @Test
  @Case("A22")
  void duplicateGrantsAreUnwoundOrHurtThePeerAlone() throws IOException {
    try (HostilePeer peer = server(10, 13)) {
      peer.page().store32(InterfacePage.GRANTS, peer.page().load32(InterfacePage.GRANTS + 4));
      peer.publish();
      assertWaits("does not follow");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0", "-1", "", "4294967296", "12abc", "0x10", "1_000", " 7", "+7", "7 ", "1\n\n"})
  @Case("A23")
  @Case("A50")
  void malformedNumbersAreNotAnAdvertisement(String text) {
    assertThat(Advertisement.parse(text, "1")).isEmpty();
    assertThat(Advertisement.parse("1", text)).isEmpty();
  }

  @Test
  @Case("A23")
  @Case("A50")
  void longAndBinaryValuesAreNotAnAdvertisement() {
    for (String text :
        new String[] {"1".repeat(4096), "\0", "1\0001", "\u0661", "9".repeat(1 << 20)}) {
      assertThat(Advertisement.parse(text, "1")).isEmpty();
      assertThat(Advertisement.parse("1", text)).isEmpty();
    }
    assertThat(Advertisement.parse("4294967295\0", "1\n"))
        .contains(new Advertisement(new GrantRef(-1), new EventPort(1)));
  }

  @Test
  @Case("A24")
  void portsThatAreNotForUsAreWaitedOut() throws IOException {
    try (HostilePeer peer = server(10, 11);
        EventChannel elsewhere =
            host.domain(Duel.ATTACKER).events().listen(new dev.vchan.DomainId(9))) {
      GrantRef page = peer.advertisement().ringRef();
      peer.publish(new Advertisement(page, new EventPort(12345)));
      assertWaits("port 12345");
      peer.publish(new Advertisement(page, elsewhere.port()));
      assertWaits("not for us");
      EventChannel taken =
          host.domain(Duel.VICTIM)
              .events()
              .connect(Duel.ATTACKER, peer.advertisement().eventChannel());
      peer.publish();
      assertThatThrownBy(() -> connect(30, Duel.OPTIONS))
          .isInstanceOf(VchanTimeoutException.class)
          .hasMessageContaining("bound already");
      taken.close();
      connect(30_000, Duel.OPTIONS).close();
    }
  }

  @Test
  @Case("A25")
  void aPageThatIsRevokedLaterStaysWithUs() throws IOException {
    try (HostilePeer peer = server(12, 12).publish();
        Vchan victim = connect(30_000, Duel.OPTIONS)) {
      peer.unmapRings();
      assertThat(victim.write(ByteBuffer.allocate(4096))).isEqualTo(4096);
      peer.unmapPage();
      assertThat(victim.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 0xFF})
  void aServerThatIsNotThereIsWaitedOut(int live) throws IOException {
    try (HostilePeer peer = server(10, 11)) {
      peer.page().store8(InterfacePage.SRV_LIVE, live);
      peer.publish();
      assertWaits("server is gone");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {InterfacePage.LEFT_PROD, InterfacePage.LEFT_CONS, InterfacePage.RIGHT_PROD})
  void impossibleIndicesAtTheStartAreWaitedOut(int offset) throws IOException {
    try (HostilePeer peer = server(10, 11)) {
      peer.page().store32(offset, 0x4000_0000);
      peer.publish();
      assertWaits("claims");
    }
  }

  @Test
  void aRingThatIsFullAtTheStartIsReadAndOneByteMoreIsWaitedOut() throws IOException {
    try (HostilePeer peer = server(10, 11)) {
      peer.page().store32(InterfacePage.RIGHT_CONS, 5);
      peer.page().store32(InterfacePage.RIGHT_PROD, 5 + 2048 + 1);
      peer.publish();
      assertWaits("right ring claims 2049 bytes, capacity is 2048");
      peer.page().store32(InterfacePage.RIGHT_PROD, 5 + 2048);
      peer.page().store8(InterfacePage.CLI_LIVE, 2);
      try (Vchan victim = connect(30_000, Duel.OPTIONS)) {
        assertThat(victim.read(ByteBuffer.allocate(4096))).isEqualTo(2048);
      }
    }
  }

  @Test
  @Case("A42")
  void clientsThatDieAtAnyStepDoNotStopTheServer() throws Exception {
    for (int step = 1; step <= 5; step++) {
      try (VchanListener listener = listen()) {
        Task<Vchan> accept = Duel.startAndBlock(() -> listener.accept(Duel.soon()));
        HostilePeer dying = client(listener);
        if (step >= 2) {
          dying.bind();
        }
        if (step >= 3) {
          dying.map();
        }
        if (step >= 4) {
          dying.event();
        }
        if (step >= 5) {
          dying.page().store8(InterfacePage.CLI_LIVE, 0x80);
          dying.event();
        }
        host.kill(Duel.ATTACKER);
        try (Vchan honest =
                Vchan.connect(
                    host.domain(Duel.ATTACKER),
                    Duel.VICTIM,
                    listener.path(),
                    Duel.OPTIONS,
                    Duel.soon());
            Vchan accepted = accept.get()) {
          honest.write(ByteBuffer.allocate(3));
          assertThat(accepted.read(ByteBuffer.allocate(9))).isEqualTo(3);
        }
        assertThat(listener.rejectedClients()).isEqualTo(step >= 3 ? 1 : 0);
      }
      assertThat(host.leftovers()).isEmpty();
    }
  }

  @Test
  @Case("A47")
  void aThousandClientsThatVanishLeaveNothing() throws Exception {
    try (VchanListener listener = listen()) {
      for (int i = 0; i < 1000; i++) {
        HostilePeer fleeting = client(listener).bind().map().enter();
        Vchan accepted = listener.accept(Duel.soon());
        if (i % 2 == 0) {
          fleeting.unbind();
        }
        fleeting.close();
        accepted.close();
        if (i % 100 == 0) {
          assertThat(host.leftovers()).hasSize(1);
        }
        assertThatThrownBy(() -> listener.accept(Duel.millis(0)))
            .isInstanceOf(VchanTimeoutException.class);
      }
    }
  }

  @Test
  @Case("A49")
  void anAdvertisementRewrittenAtFullSpeedCostsOneLookAMillisecond() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    try (HostilePeer peer = server(10, 11)) {
      peer.page().store8(InterfacePage.SRV_LIVE, 0);
      peer.publish();
      Task<Long> vandal =
          Duel.start(
              () -> {
                long writes = 0;
                for (; !stop.get(); writes++) {
                  peer.publish();
                }
                return writes;
              });
      var look = SeamPoint.after("shortPlain").at(InterfacePage.LEFT_ORDER);
      var pause = SeamPoint.before("pause").by(Thread.currentThread());
      try (var hook = SeamHooks.on(look, () -> {});
          var pauses = SeamHooks.on(pause, () -> {})) {
        assertThatThrownBy(() -> connect(1000, Duel.OPTIONS))
            .isInstanceOf(VchanTimeoutException.class);
        // One a millisecond, and as many again for pauses that an old wake-up cut short. A slow
        // machine has no more without pauses either: so they are counted, too.
        assertThat(hook.hits()).isBetween(1, 3000);
        assertThat(pauses.hits()).isGreaterThanOrEqualTo(hook.hits() - 1);
      } finally {
        stop.set(true);
      }
      assertThat(vandal.get()).isPositive();
    }
  }

  @Test
  @Case("A51")
  void valuesOfTwoLivesAreTurnedAwayAndTriedAgain() throws Exception {
    try (VchanListener listener = listen()) {
      Task<Vchan> accept = Duel.startAndBlock(() -> listener.accept(Duel.soon()));
      // A client that has the port of this life and announces itself in a page of another.
      HostilePeer mixed = client(listener).bind();
      mixed.event();
      Watchdog.until("turned away", () -> listener.rejectedClients() == 1);
      HostilePeer right = client(listener);
      // It is counted first, and withdrawn and published anew a moment later.
      while (right.advertisement().equals(mixed.advertisement())) {
        right.lookUp(Duel.soon());
      }
      mixed.close();
      right.bind().map().enter();
      accept.get().close();
      right.close();
    }
  }

  @Test
  @Case("A53")
  void ofTwoClientsThatRaceOneIsRefusedBeforeItSeesThePage() throws Exception {
    try (VchanListener listener = listen()) {
      HostilePeer first = client(listener);
      HostilePeer second = client(listener);
      first.bind();
      assertThatThrownBy(second::bind).isInstanceOf(StaleAdvertisementException.class);
      first.map().enter();
      try (Vchan accepted = listener.accept(Duel.soon())) {
        first.produce(new byte[7]);
        assertThat(accepted.read(ByteBuffer.allocate(9))).isEqualTo(7);
      }
      first.close();
      second.close();
    }
  }

  @Test
  @Case("A27")
  void aClientWhoseLiveByteMakesNoSenseIsTurnedAwayAndTheNextOneAccepted() throws Exception {
    try (VchanListener listener = listen()) {
      HostilePeer odd = client(listener).bind().map();
      odd.page().store8(odd.ownLive(), 7);
      odd.event();
      assertThatThrownBy(() -> listener.accept(Duel.millis(300)))
          .isInstanceOf(VchanTimeoutException.class);
      assertThat(listener.rejectedClients()).isEqualTo(1);
      odd.close();
      HostilePeer next = client(listener).bind().map().enter();
      listener.accept(Duel.soon()).close();
      next.close();
    }
  }

  @Test
  @Case("A60")
  void whatIsWrittenIntoThePageBeforeTheClientComesDoesNotReachUs() throws Exception {
    try (VchanListener listener = listen()) {
      HostilePeer early = client(listener).bind().map();
      early.page().store16(InterfacePage.LEFT_ORDER, 20);
      early.page().store16(InterfacePage.RIGHT_ORDER, 65535);
      early.enter();
      try (Vchan accepted = listener.accept(Duel.soon())) {
        assertThat(accepted.incomingCapacity()).isEqualTo(1024);
        assertThat(accepted.outgoingCapacity()).isEqualTo(2048);
        early.produce(new byte[5]);
        assertThat(accepted.read(ByteBuffer.allocate(9))).isEqualTo(5);
      }
      early.close();
    }
  }

  @Test
  void hostileClientsInALoopNeitherOutlastTheDeadlineNorHaveTheProcessor() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    try (VchanListener listener = listen()) {
      Task<Integer> hostile =
          Duel.start(
              () -> {
                int tries = 0;
                for (; !stop.get(); tries++) {
                  try (HostilePeer bad = client(listener)) {
                    bad.bind().event();
                  } catch (StaleAdvertisementException e) {
                    continue;
                  }
                }
                return tries;
              });
      assertThatThrownBy(() -> listener.accept(Duel.millis(500)))
          .isInstanceOf(VchanTimeoutException.class);
      assertThat(listener.rejectedClients()).isBetween(1L, 1000L);
      stop.set(true);
      // Whoever still looks for an advertisement finds one.
      try {
        listener.accept(Duel.millis(100)).close();
      } catch (VchanTimeoutException e) {
        assertThat(listener.isOpen()).isTrue();
      }
      assertThat(hostile.get()).isPositive();
    }
  }
}
