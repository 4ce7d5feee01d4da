// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Vchan;
import dev.vchan.VchanState;
import dev.vchan.testkit.Duel.Role;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Shutting one direction, while the peer and other threads do their worst. */
@ParameterizedClass
@EnumSource(Role.class)
class ShutdownAttackTest {

  private final Role role;
  private Duel duel;

  ShutdownAttackTest(Role role) {
    this.role = role;
  }

  @BeforeEach
  void begin() throws IOException {
    duel = Duel.begin(role);
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    duel.close();
  }

  /** In a role without this the request of the handshake would still stand. */
  private void forgetRequests() {
    duel.peer.page().update8(duel.peer.victimAskByte(), 1, 0);
  }

  @Test
  void everyReadEndsAtOnceAfterTheInputIsShut() throws Exception {
    forgetRequests();
    duel.victim.shutdownInput();
    // The discarder has asked, and is about to wait for the silent peer.
    Watchdog.until("asked", () -> (duel.peer.page().load8(duel.peer.victimAskByte()) & 1) != 0);
    assertThat(duel.victim.read(ByteBuffer.allocate(1), Duel.soon())).isEqualTo(-1);
    assertThat(duel.victim.receive(ByteBuffer.allocate(1), Duel.soon())).isEqualTo(-1);
    assertThat(duel.victim.read(new ByteBuffer[] {ByteBuffer.allocate(1)})).isEqualTo(-1);
    assertThat(duel.victim.awaitReadable(Duel.soon())).isTrue();
    assertThat(duel.victim.peek(Duel.soon()).hasRemaining()).isFalse();
  }

  @Test
  void aPeekThatIsOpenWhenTheInputIsShutCanStillBeConsumed() throws Exception {
    duel.peer.produce("abc".getBytes(US_ASCII));
    assertThat(duel.victim.peek(Duel.soon()).remaining()).isEqualTo(3);
    duel.victim.shutdownInput();
    Task<Void> consume =
        Duel.start(
            () -> {
              duel.victim.consume(3);
              return null;
            });
    consume.get();
    awaitConsumed(3);
    duel.peer.produce("defg".getBytes(US_ASCII));
    duel.peer.event();
    // Each byte is given back once, not twice: once more and the peer's index would be overtaken.
    awaitConsumed(7);
    assertThat(duel.victim.state()).isEqualTo(VchanState.CONNECTED);
  }

  @Test
  void readersThatWaitForEachOtherAllEndWhenTheInputIsShut() throws Exception {
    Task<Integer> first = Duel.startAndBlock(() -> duel.victim.read(ByteBuffer.allocate(1)));
    Task<Integer> second = Duel.startAndBlock(() -> duel.victim.read(ByteBuffer.allocate(1)));
    duel.victim.shutdownInput();
    assertThat(first.get()).isEqualTo(-1);
    assertThat(second.get()).isEqualTo(-1);
  }

  @Test
  void aReceiveThatIsCutShortByOurOwnShutdownDoesNotBlameThePeer() throws Exception {
    duel.peer.produce(new byte[3]);
    Task<Integer> receive =
        Duel.startAndBlock(() -> duel.victim.receive(ByteBuffer.allocate(5), Duel.soon()));
    duel.victim.shutdownInput();
    assertThat(receive.get()).isEqualTo(-1);
  }

  @Test
  @Case("A55")
  void aPeerThatNeverStopsWritingCannotKeepTheInputFromClosing() throws Exception {
    // Whenever the discarder looks there is one more byte, so that it never has to sleep.
    var look = SeamPoint.before("intAcquire").at(duel.peer.ownProd());
    try (var hook =
        SeamHooks.on(
            look,
            () -> duel.setIndex(duel.peer.ownProd(), duel.index(duel.peer.victimCons()) + 1))) {
      duel.victim.shutdownInput();
      Watchdog.until("discarding", () -> duel.index(duel.peer.victimCons()) > 100);
      Task<Void> close =
          Duel.start(
              () -> {
                duel.victim.close();
                return null;
              });
      close.get();
      assertThat(hook.hits()).isGreaterThan(100);
    }
  }

  @Test
  void bytesAreNeverWrittenBehindTheEnd() throws Exception {
    for (int round = 0; round < 50; round++) {
      try (Duel next = Duel.beginHalfClosing(role)) {
        Vchan victim = next.victim;
        // The second writer looks whether it may write, and queues behind the first. The first is
        // through, and its thread shuts the output before the second is awake.
        List<Task<Integer>> second = new ArrayList<>();
        var copy = SeamPoint.before("copyIn").by(Thread.currentThread()).nth(1);
        try (var hook =
            SeamHooks.on(
                copy,
                () -> {
                  second.add(Duel.start(() -> victim.write(ByteBuffer.allocate(1))));
                  Watchdog.untilAsleep(second.getFirst().thread());
                })) {
          victim.write(ByteBuffer.allocate(1));
          victim.shutdownOutput();
          assertThat(hook.hits()).isEqualTo(1);
        }
        int atTheEnd = next.index(next.peer.victimProd());
        if (atTheEnd == 1) {
          assertThat(second.getFirst().failure()).isInstanceOf(ClosedChannelException.class);
        } else {
          assertThat(second.getFirst().get()).isEqualTo(1);
        }
        assertThat(next.index(next.peer.victimProd())).isEqualTo(atTheEnd);
      }
    }
  }

  @Test
  void theEndIsFinalWhateverThePeerSaysLater() throws Exception {
    Duel halfClosing = Duel.beginHalfClosing(role);
    try (halfClosing) {
      HostilePeer peer = halfClosing.peer;
      peer.produce("ab".getBytes(US_ASCII));
      peer.page().update8(peer.askByte(), 0, 0x40);
      peer.event();
      assertThat(halfClosing.readAvailable()).asString(US_ASCII).isEqualTo("ab");
      assertThat(halfClosing.victim.read(ByteBuffer.allocate(1), Duel.soon())).isEqualTo(-1);
      peer.page().update8(peer.askByte(), 0x40, 0);
      peer.produce("cd".getBytes(US_ASCII));
      peer.event();
      assertThat(halfClosing.victim.read(ByteBuffer.allocate(1), Duel.soon())).isEqualTo(-1);
      assertThat(halfClosing.victim.state()).isEqualTo(VchanState.CONNECTED);
      assertThat(halfClosing.victim.write(US_ASCII.encode("x"))).isEqualTo(1);
    }
  }

  @Test
  void aWriteAfterTheEndIsRefusedAndLeavesTheRingAlone() throws Exception {
    Duel halfClosing = Duel.beginHalfClosing(role);
    try (halfClosing) {
      assertThat(halfClosing.victim.shutdownOutput()).isTrue();
      assertThat(halfClosing.peer.page().load8(halfClosing.peer.victimAskByte()) & 0x40)
          .isEqualTo(0x40);
      assertThatThrownBy(() -> halfClosing.victim.write(US_ASCII.encode("x")))
          .isInstanceOf(ClosedChannelException.class);
      assertThat(halfClosing.index(halfClosing.peer.victimProd())).isZero();
    }
  }

  private void awaitConsumed(int index) {
    Watchdog.until("consumed", () -> duel.index(duel.peer.victimCons()) >= index);
    assertThat(duel.index(duel.peer.victimCons())).isEqualTo(index);
  }
}
