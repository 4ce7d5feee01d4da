// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.ProtocolViolationException;
import dev.vchan.RingSizes;
import dev.vchan.testkit.Duel.Role;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The peer moves an index, its own or ours, to where no correct peer moves it. */
@ParameterizedClass
@EnumSource(Role.class)
class IndexAttackTest {

  private final Role role;
  private Duel duel;
  private HostilePeer peer;

  IndexAttackTest(Role role) {
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

  private void read() throws IOException {
    duel.victim.read(ByteBuffer.allocate(10_000), Duel.soon());
  }

  private void write() throws IOException {
    duel.victim.write(ByteBuffer.allocate(10_000), Duel.soon());
  }

  @Test
  @Case("A01")
  void producerOneByteTooFarAheadIsAViolationAndDeliversNothing() throws IOException {
    duel.setIndex(peer.ownProd(), duel.victim.incomingCapacity() + 1);
    ByteBuffer buffer = ByteBuffer.allocate(10_000);
    ProtocolViolationException e = duel.assertViolates(() -> duel.victim.read(buffer));
    assertThat(buffer.position()).isZero();
    assertThat(e)
        .hasMessageContaining("%d", duel.victim.incomingCapacity())
        .hasMessageContaining("%d", duel.victim.incomingCapacity() + 1);
  }

  @Test
  @Case("A02")
  void producerBehindOurConsumerIsAViolation() throws IOException {
    duel.setIndex(peer.ownProd(), -1);
    duel.assertViolates(this::read);
  }

  @Test
  @Case("A03")
  void producerHalfTheNumbersAwayIsAViolationAndNoNegativeLength() throws IOException {
    duel.setIndex(peer.ownProd(), 0x8000_0000);
    duel.assertViolates(duel.victim::dataReady);
  }

  @Test
  @Case("A04")
  void aRingFullOfJunkIsDelivered() throws IOException {
    duel.setIndex(peer.ownProd(), duel.victim.incomingCapacity());
    assertThat(duel.readAvailable()).hasSize(duel.victim.incomingCapacity());
  }

  @Test
  @Case("A05")
  void aProducerThatTakesBytesBackOnlyHidesThem() throws IOException {
    peer.produce("abcdef".getBytes(US_ASCII));
    ByteBuffer two = ByteBuffer.allocate(2);
    duel.victim.read(two);
    duel.setIndex(peer.ownProd(), 5);
    assertThat(duel.readAvailable()).asString(US_ASCII).isEqualTo("cde");
    assertThat(duel.readAvailable()).isEmpty();
    duel.setIndex(peer.ownProd(), 4);
    duel.assertViolates(this::read);
  }

  @Test
  @Case("A06")
  void consumerAheadOfOurProducerIsAViolation() throws IOException {
    duel.setIndex(peer.ownCons(), 1);
    duel.assertViolates(this::write);
  }

  @Test
  @Case("A07")
  void consumerMoreThanARingBehindIsAViolation() throws IOException {
    duel.setIndex(peer.ownCons(), -duel.victim.outgoingCapacity() - 1);
    duel.assertViolates(this::write);
  }

  @Test
  @Case("A08")
  void consumerHalfTheNumbersAwayIsAViolation() throws IOException {
    duel.setIndex(peer.ownCons(), 0x8000_0000);
    duel.assertViolates(duel.victim::bufferSpace);
  }

  @Test
  @Case("A09")
  void aConsumerThatSkipsUnreadBytesGivesUsTheirSpace() throws IOException {
    int capacity = duel.victim.outgoingCapacity();
    duel.victim.write(ByteBuffer.allocate(capacity));
    assertThat(duel.victim.bufferSpace()).isZero();
    duel.setIndex(peer.ownCons(), 100);
    assertThat(duel.victim.bufferSpace()).isEqualTo(100);
    assertThat(duel.victim.write(ByteBuffer.allocate(100), Duel.soon())).isEqualTo(100);
  }

  @Test
  @Case("A10")
  void aConsumerThatGoesBackOnlyTakesSpaceAway() throws IOException {
    int capacity = duel.victim.outgoingCapacity();
    duel.victim.write(ByteBuffer.allocate(100));
    duel.setIndex(peer.ownCons(), 100);
    assertThat(duel.victim.bufferSpace()).isEqualTo(capacity);
    duel.setIndex(peer.ownCons(), 40);
    assertThat(duel.victim.bufferSpace()).isEqualTo(capacity - 60);
    assertThat(duel.victim.tryWrite(ByteBuffer.allocate(capacity))).isEqualTo(capacity - 60);
    assertThat(duel.victim.tryWrite(ByteBuffer.allocate(1))).isZero();
    assertThat(duel.index(peer.victimProd())).isEqualTo(100 + capacity - 60);
  }

  @Test
  @Case("A11")
  void ourProducerOverwrittenByThePeerIsRepairedByTheNextWrite() throws IOException {
    duel.victim.write(ByteBuffer.allocate(3));
    duel.setIndex(peer.victimProd(), 0x1234_5678);
    duel.victim.write(ByteBuffer.allocate(4));
    assertThat(duel.index(peer.victimProd())).isEqualTo(7);
  }

  @Test
  @Case("A12")
  void ourConsumerOverwrittenByThePeerIsRepairedByTheNextRead() throws IOException {
    peer.produce(new byte[3]);
    assertThat(duel.readAvailable()).hasSize(3);
    duel.setIndex(peer.victimCons(), 0x1234_5678);
    peer.produce(new byte[4]);
    assertThat(duel.readAvailable()).hasSize(4);
    assertThat(duel.index(peer.victimCons())).isEqualTo(7);
  }

  @Test
  @Case("A14")
  void anIndexThatAlternatesAtFullSpeedYieldsLegalLengthsOrAViolation() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    int capacity = duel.victim.incomingCapacity();
    Task<Long> vandal =
        Duel.start(
            () -> {
              long stores = 0;
              for (; !stop.get(); stores++) {
                // Always at most one ring ahead of the index we last published, or far off.
                int cons = duel.index(peer.victimCons());
                duel.setIndex(peer.ownProd(), cons + (int) (stores % (capacity + 1)));
                if (stores % 1_000_000 == 999_999) {
                  duel.setIndex(peer.ownProd(), cons + capacity + 1);
                }
              }
              return stores;
            });
    ByteBuffer buffer = ByteBuffer.allocate(2 * capacity);
    ProtocolViolationException violation = null;
    try {
      for (int i = 0; i < 1_000_000 && violation == null; i++) {
        try {
          assertThat(duel.victim.tryRead(buffer.clear())).isBetween(0, capacity);
        } catch (ProtocolViolationException e) {
          violation = e;
        }
      }
    } finally {
      stop.set(true);
    }
    assertThat(vandal.get()).isPositive();
    if (violation != null) {
      duel.assertFailed(violation);
    }
  }

  @Test
  @Case("A54")
  void aBadDistanceAcrossTheWrapIsAViolation() throws IOException {
    try (Duel wrapping = atTheWrap()) {
      int capacity = wrapping.victim.incomingCapacity();
      int start = wrapping.index(wrapping.peer.victimCons());
      assertThat(start).isNegative().isGreaterThanOrEqualTo(-capacity);
      // Legal as far as a ring full, which is beyond the wrap.
      wrapping.setIndex(wrapping.peer.ownProd(), start + capacity);
      assertThat(wrapping.victim.dataReady()).isEqualTo(capacity);
      wrapping.setIndex(wrapping.peer.ownProd(), start + capacity + 1);
      wrapping.assertViolates(() -> wrapping.victim.tryRead(ByteBuffer.allocate(2 * capacity)));
    }
  }

  /** A channel whose incoming indices are about to wrap. */
  private Duel atTheWrap() throws IOException {
    if (role == Role.CLIENT) {
      return Duel.clientFrom(-1000);
    }
    // A server starts at 0, whatever the page says; so it is led there, a ringful at a time.
    Duel led = Duel.begin(role, Duel.OPTIONS.withSizes(RingSizes.both(RingSizes.MAX_BYTES)));
    ByteBuffer ringful = ByteBuffer.allocateDirect(RingSizes.MAX_BYTES);
    for (int i = 1; i < 4096; i++) {
      led.setIndex(led.peer.ownProd(), i * RingSizes.MAX_BYTES);
      assertThat(led.victim.tryRead(ringful.clear())).isEqualTo(RingSizes.MAX_BYTES);
    }
    return led;
  }
}
