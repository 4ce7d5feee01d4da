// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.PeerClosedException;
import dev.vchan.Vchan;
import dev.vchan.VchanTimeoutException;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.ends.Deed;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Setup;
import dev.vchan.testkit.ends.Stage.Pair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Whole packets: all of it or nothing. */
public abstract class PacketContract extends ChannelContract {

  private static final Duration MOMENT = Duration.ofMillis(20);

  /** For subclasses. */
  protected PacketContract() {}

  @Case("T39")
  @Test
  void aReceiverWaitsForTheSecondHalf() throws Exception {
    Pair pair = connect(4096);
    byte[] packet = bytes(200);
    pair.own().write(Arrays.copyOf(packet, 100));
    Pending<byte[]> receiving = pair.peer().startAndAwaitSleep(end -> receive(end, 200));
    assertThat(pair.peer().dataReady()).isEqualTo(100);
    pair.own().write(Arrays.copyOfRange(packet, 100, 200));
    assertThat(receiving.get()).isEqualTo(packet);
  }

  private static byte[] receive(Vchan end, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    end.receive(buffer, Deadline.NEVER);
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  @Test
  void aSenderWaitsUntilAllOfThePacketFits() throws Exception {
    Pair pair = connect(1024);
    byte[] full = fill(pair.own());
    Pending<Integer> sending =
        pair.own().startAndAwaitSleep(end -> end.send(ByteBuffer.wrap(bytes(10)), Deadline.NEVER));
    long before = pair.own().sleeps();
    pair.peer().receive(9);
    pair.own().awaitSleepsAbove(before, sending);
    assertThat(pair.peer().dataReady()).isEqualTo(full.length - 9);
    pair.peer().receive(1);
    assertThat(sending.get()).isEqualTo(10);
    assertThat(pair.peer().receive(full.length - 10))
        .isEqualTo(Arrays.copyOfRange(full, 10, full.length));
    assertThat(pair.peer().receive(10)).isEqualTo(bytes(10));
  }

  @Case("T46")
  @Test
  void aPacketLargerThanTheRingIsRefusedAtOnce() throws Exception {
    Pair pair = connect(1024);
    int large = pair.own().outgoingCapacity() + 1;
    int largeIncoming = pair.own().incomingCapacity() + 1;
    refused(pair, end -> end.send(ByteBuffer.allocate(large), Deadline.NEVER));
    refused(pair, end -> end.trySend(ByteBuffer.allocate(large)));
    refused(pair, end -> end.receive(ByteBuffer.allocate(largeIncoming), Deadline.NEVER));
    refused(pair, end -> end.tryReceive(ByteBuffer.allocate(largeIncoming)));
    refused(pair, end -> end.awaitWritable(large, Deadline.NEVER));
    refused(pair, end -> end.awaitWritable(0, Deadline.NEVER));
    assertThat(pair.peer().dataReady()).isZero();
  }

  private static void refused(Pair pair, Deed.Plain<Vchan> call) {
    assertThatThrownBy(() -> pair.own().run(call)).isInstanceOf(IllegalArgumentException.class);
  }

  @Case("T47")
  @Test
  void aPolledPacketIsAllOrNothing() throws Exception {
    Pair pair = connect(1024);
    byte[] full = fill(pair.own());
    assertThat(pair.peer().receive(9)).isEqualTo(Arrays.copyOf(full, 9));
    assertThat(pair.own().<Boolean>call(end -> end.trySend(ByteBuffer.allocate(10)))).isFalse();
    assertThat(pair.peer().dataReady()).isEqualTo(full.length - 9);
    pair.peer().receive(full.length - 9);

    pair.own().write(bytes(9));
    assertThat(pair.peer().<Integer>call(end -> end.tryReceive(ByteBuffer.allocate(10)))).isZero();
    assertThat(pair.peer().dataReady()).isEqualTo(9);
    long sent = pair.own().eventsSent();
    assertThat(pair.own().<Boolean>call(end -> end.trySend(ByteBuffer.allocate(1)))).isTrue();
    assertThat(pair.own().eventsSent()).isEqualTo(sent + 1);
    assertThat(pair.peer().<Integer>call(end -> end.tryReceive(ByteBuffer.allocate(10))))
        .isEqualTo(10);
  }

  @Test
  void aPacketThatStaysIncompleteIsReportedAndCanBeRead() throws Exception {
    Pair pair = connect(1024);
    pair.own().write(bytes(7));
    Pending<byte[]> receiving = pair.peer().startAndAwaitSleep(end -> receive(end, 10));
    pair.own().close();
    assertThatThrownBy(receiving::get)
        .isInstanceOfSatisfying(
            PeerClosedException.class, e -> assertThat(e.bytesTransferred()).isEqualTo(7));
    assertThat(pair.peer().read(10)).isEqualTo(bytes(7));
    assertThat(pair.peer().receive(10)).isEmpty();
    assertThat(
            pair.peer().<Integer>call(end -> end.receive(ByteBuffer.allocate(1), Deadline.NEVER)))
        .isEqualTo(-1);
  }

  @Test
  void aPacketThatCannotBeSentIsNotSentInPart() throws Exception {
    Pair pair = connect(1024);
    byte[] full = fill(pair.own());
    pair.peer().receive(5);
    Pending<Integer> sending =
        pair.own().startAndAwaitSleep(end -> end.send(ByteBuffer.allocate(10), Deadline.NEVER));
    pair.peer().close();
    assertThatThrownBy(sending::get)
        .isInstanceOfSatisfying(
            PeerClosedException.class, e -> assertThat(e.bytesTransferred()).isZero());
    assertThat(pair.own().bufferSpace()).isEqualTo(5);
    assertThat(full).hasSizeGreaterThan(5);
  }

  @Test
  void aDeadlineLeavesAPacketWhereItWas() throws Exception {
    Pair pair = connect(1024);
    pair.peer().write(bytes(5));
    assertThatThrownBy(
            () ->
                pair.own().run(end -> end.receive(ByteBuffer.allocate(6), Deadline.after(MOMENT))))
        .isInstanceOf(VchanTimeoutException.class);
    assertThat(pair.own().dataReady()).isEqualTo(5);
    int capacity = fill(pair.own()).length;
    pair.peer().receive(5);
    assertThatThrownBy(
            () -> pair.own().run(end -> end.send(ByteBuffer.allocate(6), Deadline.after(MOMENT))))
        .isInstanceOfSatisfying(
            VchanTimeoutException.class, e -> assertThat(e.bytesTransferred()).isZero());
    assertThat(pair.peer().dataReady()).isEqualTo(capacity - 5);
  }

  @Case("T45")
  @Test
  void aReceiverNeverSeesAPartOfAPacket() throws Exception {
    Pair pair = connect(Setup.rings(1024));
    int packets = 20_000;
    int size = 7;
    Pending<Boolean> sending =
        pair.own()
            .startRun(
                end -> {
                  ByteBuffer packet = ByteBuffer.allocateDirect(size);
                  for (int i = 0; i < packets; i++) {
                    end.send(packet.clear().putInt(0, i), Deadline.NEVER);
                  }
                });
    pair.peer()
        .run(
            end -> {
              ByteBuffer packet = ByteBuffer.allocateDirect(size);
              for (int i = 0; i < packets; i++) {
                while (end.dataReady() == 0) {
                  end.awaitReadable(Deadline.NEVER);
                }
                assertThat(end.dataReady() % size).isZero();
                end.receive(packet.clear(), Deadline.NEVER);
                assertThat(packet.getInt(0)).isEqualTo(i);
              }
            });
    assertThat(sending.get()).isTrue();
  }
}
