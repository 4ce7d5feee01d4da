// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.vchan.PeerClosedException;
import dev.vchan.PeerDiedException;
import dev.vchan.ProtocolViolationException;
import dev.vchan.SystemRefusedException;
import dev.vchan.VchanException;
import dev.vchan.VchanListener;
import dev.vchan.VchanState;
import dev.vchan.VchanTimeoutException;
import dev.vchan.spi.EventChannel;
import dev.vchan.testkit.Duel.Role;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The peer lies about who is there and who wants to know what, floods, starves, or dies. */
@ParameterizedClass
@EnumSource(Role.class)
class LifeAttackTest {

  private final Role role;
  private Duel duel;
  private HostilePeer peer;

  LifeAttackTest(Role role) {
    this.role = role;
  }

  @BeforeEach
  void begin() throws IOException {
    duel = Duel.begin(role);
    peer = duel.peer;
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    duel.close();
  }

  private int readOne() throws IOException {
    return duel.victim.read(ByteBuffer.allocate(1), Duel.soon());
  }

  @Test
  @Case("A13")
  void anIndexThatChangesAfterTheCheckDoesNotChangeTheCopy() throws IOException {
    peer.produce("abc".getBytes(US_ASCII));
    var check = SeamPoint.after("intAcquire").at(peer.ownProd());
    try (var hook = SeamHooks.on(check, () -> duel.setIndex(peer.ownProd(), 0x7000_0000))) {
      assertThat(duel.readAvailable()).asString(US_ASCII).isEqualTo("abc");
      assertThat(hook.hits()).isEqualTo(1);
    }
    assertThat(duel.index(peer.victimCons())).isEqualTo(3);
    duel.assertViolates(this::readOne);
  }

  @Test
  @Case("A13")
  void anIndexThatChangesAfterTheCheckDoesNotChangeWhereBytesGo() throws IOException {
    int capacity = duel.victim.outgoingCapacity();
    duel.victim.write(ByteBuffer.allocate(capacity));
    duel.setIndex(peer.ownCons(), 3);
    var check = SeamPoint.after("intAcquire").at(peer.ownCons());
    try (var hook = SeamHooks.on(check, () -> duel.setIndex(peer.ownCons(), 0x7000_0000))) {
      ByteBuffer three = ByteBuffer.wrap("abc".getBytes(US_ASCII));
      assertThat(duel.victim.tryWrite(three)).isEqualTo(3);
      assertThat(hook.hits()).isEqualTo(1);
    }
    byte[] expected = new byte[capacity];
    System.arraycopy("abc".getBytes(US_ASCII), 0, expected, 0, 3);
    assertThat(peer.ringFromVictim().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected);
    assertThat(duel.index(peer.victimProd())).isEqualTo(capacity + 3);
    duel.assertViolates(() -> duel.victim.write(ByteBuffer.allocate(1)));
  }

  @Test
  @Case("A26")
  void aLiveByteThatMeansNothingIsAViolationAndTheStateDoesNotThrow() throws IOException {
    for (int live : new int[] {3, 0x80, 0xFF}) {
      try (Duel next = Duel.begin(role)) {
        next.peer.page().store8(next.peer.ownLive(), live);
        assertThat(next.victim.state()).isEqualTo(VchanState.FAILED);
        next.assertViolates(() -> next.victim.write(ByteBuffer.allocate(1)));
      }
    }
  }

  @Test
  @Case("A27")
  @Case("A28")
  void aPeerThatIsAwaitedAgainIsAViolation() throws IOException {
    peer.page().store8(peer.ownLive(), 2);
    duel.assertViolates(this::readOne);
  }

  @Test
  @Case("A29")
  @Case("A59")
  void ourOwnLiveByteIsOursWhateverThePeerWritesThere() throws IOException {
    peer.page().store8(peer.victimLive(), 0);
    assertThat(duel.victim.state()).isEqualTo(VchanState.CONNECTED);
    peer.produce(new byte[2]);
    assertThat(duel.readAvailable()).hasSize(2);
    assertThat(duel.victim.write(ByteBuffer.allocate(5))).isEqualTo(5);
    peer.page().store8(peer.victimLive(), 1);
    peer.newEvents();
    duel.victim.close();
    assertThat(peer.page().load8(peer.victimLive())).isZero();
    assertThat(peer.newEvents()).isPositive();
  }

  @Test
  @Case("A30")
  void aPeerThatWasGoneDoesNotComeBack() throws IOException {
    peer.page().store8(peer.ownLive(), 0);
    assertThat(duel.victim.state()).isEqualTo(VchanState.PEER_CLOSED);
    peer.page().store8(peer.ownLive(), 1);
    peer.produce(new byte[3]);
    assertThat(duel.readAvailable()).hasSize(3);
    assertThat(readOne()).isEqualTo(-1);
    peer.produce(new byte[3]);
    assertThat(readOne()).isEqualTo(-1);
    assertThatThrownBy(() -> duel.victim.write(ByteBuffer.allocate(1)))
        .isInstanceOf(PeerClosedException.class);
    assertThat(duel.victim.state()).isEqualTo(VchanState.PEER_CLOSED);
  }

  @Test
  @Case("A31")
  void dataComesBeforeTheEnd() throws IOException {
    peer.produce(new byte[9]);
    peer.leave();
    assertThat(duel.readAvailable()).hasSize(9);
    assertThat(readOne()).isEqualTo(-1);
  }

  @Test
  @Case("A32")
  void badIndicesOfAPeerThatIsGoneAreAViolationNotTheEnd() throws IOException {
    duel.setIndex(peer.ownProd(), 0x4000_0000);
    peer.leave();
    duel.assertViolates(this::readOne);
  }

  @Test
  @Case("A33")
  void unknownNotifyBitsArePreservedAndOursAreServed() throws IOException {
    peer.page().store8(peer.askByte(), 0xFF);
    peer.page().store8(peer.victimAskByte(), 0xFF);
    peer.newEvents();
    duel.victim.write(ByteBuffer.allocate(1));
    assertThat(peer.newEvents()).isEqualTo(1);
    assertThat(peer.page().load8(peer.askByte())).isEqualTo(0xFE);
    peer.produce(new byte[1]);
    assertThat(duel.readAvailable()).hasSize(1);
    assertThat(peer.newEvents()).isEqualTo(1);
    assertThat(peer.page().load8(peer.askByte())).isEqualTo(0xFC);
    assertThat(peer.page().load8(peer.victimAskByte())).isEqualTo(0xFF);
  }

  @Test
  @Case("A34")
  void aNotifyWordThatChangesBeforeEveryUpdateIsAViolationNotALoop() throws IOException {
    peer.page().store8(peer.askByte(), 0xFF);
    var update = SeamPoint.before("compareAndSetInt").at(InterfacePage.CLI_LIVE);
    int[] value = {0};
    try (var hook =
        SeamHooks.on(
            update, () -> peer.page().store8(peer.askByte(), 0x03 | (++value[0] % 63) << 2))) {
      duel.assertViolates(() -> duel.victim.write(ByteBuffer.allocate(1)));
      assertThat(hook.hits()).isEqualTo(1 << 16);
    }
  }

  @Test
  @Case("A34")
  void aNotifyWordThatChangesBeforeEveryUpdateDoesNotKeepUsFromClosing() throws IOException {
    try (Duel other = Duel.beginHalfClosing(role)) {
      HostilePeer restless = other.peer;
      var update = SeamPoint.before("compareAndSetInt").at(InterfacePage.CLI_LIVE);
      int[] value = {0};
      try (var hook =
              SeamHooks.on(
                  update,
                  () -> restless.page().store8(restless.askByte(), 0x80 | ++value[0] % 63 << 1));
          var store = SeamHooks.on(SeamPoint.before("setByteRelease"), () -> {})) {
        other.victim.close();
        assertThat(hook.hits()).isEqualTo(1 << 16);
        // By us, and not only by the kernel after us.
        assertThat(store.hits()).isEqualTo(1);
      }
      assertThat(restless.page().load8(restless.victimLive())).isZero();
    }
  }

  @Test
  @Case("A35")
  void aPeerThatClearsRequestsAndStaysSilentCostsASleepNotASpin() throws IOException {
    var asked = SeamPoint.after("compareAndSetInt").at(InterfacePage.CLI_LIVE);
    try (var hook = SeamHooks.on(asked, () -> peer.page().store8(peer.victimAskByte(), 0))) {
      peer.page().store8(peer.victimAskByte(), 0);
      assertThatThrownBy(() -> duel.victim.read(ByteBuffer.allocate(1), Duel.millis(300)))
          .isInstanceOf(VchanTimeoutException.class);
      assertThat(hook.hits()).isBetween(1, 3);
    }
    assertThat(duel.victim.counters().sleeps()).isLessThan(5);
  }

  @Test
  @Case("A36")
  void aPeerThatAlwaysAsksGetsAtMostOneEventACall() throws IOException {
    for (int i = 0; i < 100; i++) {
      peer.page().update8(peer.askByte(), 0, 3);
      peer.newEvents();
      duel.victim.write(ByteBuffer.allocate(1));
      assertThat(peer.newEvents()).isEqualTo(1);
      peer.page().update8(peer.askByte(), 0, 3);
      peer.produce(new byte[1]);
      assertThat(duel.readAvailable()).hasSize(1);
      assertThat(peer.newEvents()).isEqualTo(1);
    }
  }

  @Test
  @Case("A37")
  void aFloodOfEventsCostsOneLookAWakeUp() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    Task<Long> flood =
        Duel.start(
            () -> {
              long events = 0;
              for (; !stop.get(); events++) {
                peer.event();
              }
              return events;
            });
    try {
      assertThatThrownBy(() -> duel.victim.read(ByteBuffer.allocate(1), Duel.millis(500)))
          .isInstanceOf(VchanTimeoutException.class);
    } finally {
      stop.set(true);
    }
    assertThat(duel.victim.counters().sleeps()).isLessThanOrEqualTo(flood.get() + 1);
  }

  @Test
  @Case("A40")
  @Case("A41")
  void bytesThatChangeAfterTheCopyAreNotSeen() throws IOException {
    peer.produce("honest".getBytes(US_ASCII));
    MemorySegment ring = peer.ringIntoVictim();
    var before = SeamPoint.before("copyOut");
    var after = SeamPoint.after("copyOut");
    try (var early = SeamHooks.on(before, () -> ring.fill((byte) 'x'));
        var late = SeamHooks.on(after, () -> ring.fill((byte) 'y'))) {
      assertThat(duel.readAvailable()).asString(US_ASCII).isEqualTo("xxxxxx");
      assertThat(early.hits() + late.hits()).isEqualTo(2);
    }
  }

  @Test
  @Case("A58")
  void theRingHoldsWhatWasWrittenAndZerosElsewhere() throws IOException {
    duel.victim.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    byte[] all = peer.ringFromVictim().toArray(ValueLayout.JAVA_BYTE);
    byte[] expected = new byte[all.length];
    System.arraycopy(new byte[] {1, 2, 3}, 0, expected, 0, 3);
    assertThat(all).isEqualTo(expected);
  }

  @Test
  @Case("A43")
  void aPeerThatIsKilledUnderABlockedWriterIsReportedWithTheCount() throws Exception {
    int capacity = duel.victim.outgoingCapacity();
    Task<Integer> write = Duel.startAndBlock(() -> duel.victim.write(ByteBuffer.allocate(9999)));
    duel.host.kill(Duel.ATTACKER);
    Throwable thrown = write.failure();
    assertThat(thrown).isInstanceOf(PeerDiedException.class);
    assertThat(((VchanException) thrown).bytesTransferred()).isEqualTo(capacity);
  }

  @Test
  @Case("A45")
  void aPeerThatDiesDuringOurCloseDoesNotHinderIt() throws IOException {
    var leaving = SeamPoint.before("setByteRelease");
    try (var hook = SeamHooks.on(leaving, () -> duel.host.destroy(Duel.ATTACKER))) {
      duel.victim.close();
      assertThat(hook.hits()).isEqualTo(1);
    }
    assertThat(duel.host.leftovers()).isEmpty();
  }

  @Test
  @Case("A46")
  void aPeerThatNeverUnmapsDoesNotHinderOurClose() throws IOException {
    duel.victim.close();
    assertThat(duel.host.leftovers()).noneMatch(line -> line.startsWith("domain 0"));
    assertThat(peer.page().load8(peer.victimLive())).isZero();
  }

  @Test
  @Case("A48")
  void whenPagesRunOutTheNextServerIsToldAndChannelsGoOn() throws IOException {
    duel.host.limitPages(0);
    assertThatThrownBy(
            () ->
                VchanListener.open(
                    duel.ours(), Duel.ATTACKER, new dev.vchan.PortName("next"), Duel.OPTIONS))
        .isInstanceOf(SystemRefusedException.class);
    peer.produce(new byte[4]);
    assertThat(duel.readAvailable()).hasSize(4);
    duel.host.limitPages(Integer.MAX_VALUE);
  }

  @Test
  @Case("A52")
  void aPeerThatBindsAgainWakesNobodyElse() throws Exception {
    EventChannel old = duel.ours().events().listen(Duel.ATTACKER);
    EventChannel theirs = duel.theirs().events().connect(Duel.VICTIM, old.port());
    old.close();
    try (EventChannel fresh = duel.ours().events().listen(Duel.ATTACKER)) {
      long seen = fresh.received();
      theirs.send();
      assertThat(fresh.received()).isEqualTo(seen);
      long ofVictim = duel.victim.counters().eventsReceived();
      theirs.send();
      assertThat(duel.victim.counters().eventsReceived()).isEqualTo(ofVictim);
    }
    theirs.close();
  }

  @Test
  @Case("A56")
  void aPeerThatSaysNothingForEverMeetsTheDeadline() {
    assertThatThrownBy(() -> duel.victim.read(ByteBuffer.allocate(1), Duel.millis(100)))
        .isInstanceOf(VchanTimeoutException.class);
    VchanTimeoutException e =
        catchThrowableOfType(
            VchanTimeoutException.class,
            () -> duel.victim.write(ByteBuffer.allocate(9999), Duel.millis(100)));
    assertThat(e.bytesTransferred()).isEqualTo(duel.victim.outgoingCapacity());
    assertThat(duel.victim.state()).isEqualTo(VchanState.CONNECTED);
  }

  @Test
  void aViolationEndsTheCallsOfOtherThreads() throws Exception {
    Task<Integer> read = Duel.startAndBlock(() -> duel.victim.read(ByteBuffer.allocate(1)));
    duel.setIndex(peer.ownCons(), 99);
    ProtocolViolationException violation =
        catchThrowableOfType(ProtocolViolationException.class, duel.victim::bufferSpace);
    assertThat(read.failure()).isSameAs(violation);
  }
}
