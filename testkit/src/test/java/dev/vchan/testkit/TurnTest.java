// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.VchanListener;
import dev.vchan.VchanTimeoutException;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.testkit.Duel.Role;
import dev.vchan.testkit.Watchdog.Task;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** A call that finds another at work waits for its turn, or does nothing if it only polls. */
class TurnTest {

  @Test
  void aPollReturnsAtOnceWhileAReaderWaits() throws Exception {
    try (Duel duel = Duel.begin(Role.SERVER)) {
      Task<Integer> reader = Duel.startAndBlock(() -> duel.victim.read(ByteBuffer.allocate(1)));
      assertThat(duel.victim.tryRead(ByteBuffer.allocate(1))).isZero();
      assertThat(duel.victim.tryReceive(ByteBuffer.allocate(1))).isZero();
      duel.peer.produce((byte) 1);
      duel.peer.event();
      assertThat(reader.get()).isEqualTo(1);
    }
  }

  @Test
  void aPollReturnsAtOnceWhileAWriterWaits() throws Exception {
    try (Duel duel = Duel.begin(Role.SERVER)) {
      duel.victim.write(ByteBuffer.allocate(duel.victim.outgoingCapacity()));
      Task<Integer> writer = Duel.startAndBlock(() -> duel.victim.write(ByteBuffer.allocate(1)));
      assertThat(duel.victim.tryWrite(ByteBuffer.allocate(1))).isZero();
      assertThat(duel.victim.trySend(ByteBuffer.allocate(1))).isFalse();
      duel.peer.consume();
      duel.peer.event();
      assertThat(writer.get()).isEqualTo(1);
    }
  }

  @Test
  void anAcceptThatWaitsForAnotherGivesUpInTime() throws Exception {
    InProcessHost host = new InProcessHost();
    VchanListener listener =
        VchanListener.open(host.domain(Duel.VICTIM), Duel.ATTACKER, Duel.PORT, Duel.OPTIONS);
    Task<?> first = Duel.startAndBlock(() -> listener.accept());
    assertThatThrownBy(() -> listener.accept(Duel.millis(50)))
        .isInstanceOf(VchanTimeoutException.class)
        .hasMessageContaining("another accept is waiting");
    listener.close();
    assertThatThrownBy(first::get).isInstanceOf(java.nio.channels.AsynchronousCloseException.class);
    assertThat(host.leftovers()).isEmpty();
  }
}
