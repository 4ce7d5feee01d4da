// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.PeerClosedException;
import dev.vchan.Vchan;
import dev.vchan.VchanState;
import dev.vchan.VchanTimeoutException;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.ends.Deed;
import dev.vchan.testkit.ends.End;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Setup;
import dev.vchan.testkit.ends.Stage.Pair;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of a channel, by either side, at any moment. */
public abstract class CloseContract extends ChannelContract {

  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration MOMENT = Duration.ofMillis(20);

  /** For subclasses. */
  protected CloseContract() {}

  @Case("T70")
  @Test
  void whatWasWrittenBeforeTheCloseIsReadBeforeTheEnd() throws Exception {
    for (int bytes : new int[] {0, 1, 4096}) {
      Pair pair = connect(4096);
      closeAndReadToTheEnd(pair.own(), pair.peer(), bytes);
      pair = connect(4096);
      closeAndReadToTheEnd(pair.peer(), pair.own(), bytes);
    }
  }

  private static void closeAndReadToTheEnd(End writer, End reader, int bytes) throws Exception {
    writer.write(bytes(bytes));
    writer.close();
    assertThat(reader.state()).isEqualTo(VchanState.PEER_CLOSED);
    if (bytes > 0) {
      assertThat(reader.read(bytes + 1)).isEqualTo(bytes(bytes));
    }
    assertThat(reader.<Integer>call(end -> end.read(ByteBuffer.allocate(1)))).isEqualTo(-1);
  }

  @Case("T72")
  @Test
  void closingEndsEveryBlockedCall() throws Exception {
    for (BlockingCall blocked : BlockingCall.values()) {
      Pair pair = connect(1024);
      fill(pair.own());
      Deed.Plain<Vchan> deed = blocked.unlimited();
      Pending<Boolean> call =
          pair.own()
              .startAndAwaitSleep(
                  end -> {
                    deed.on(end);
                    return true;
                  });
      pair.own().close();
      assertThatThrownBy(call::get)
          .as(blocked.name())
          .isExactlyInstanceOf(AsynchronousCloseException.class);
      pair.peer().close();
    }
  }

  @Case("T72")
  @Test
  void closingEndsThoseWhoWaitForTheirTurn() throws Exception {
    Pair pair = connect(1024);
    fill(pair.own());
    List<Pending<Integer>> calls =
        List.of(
            pair.own().startAndAwaitSleep(end -> end.read(ByteBuffer.allocate(1))),
            pair.own().start(end -> end.read(ByteBuffer.allocate(1))),
            pair.own().startAndAwaitSleep(end -> end.write(ByteBuffer.allocate(1))),
            pair.own().start(end -> end.write(ByteBuffer.allocate(1))));
    pair.own().close();
    for (Pending<Integer> call : calls) {
      // One that had not begun yet finds the channel closed.
      assertThatThrownBy(call::get).isInstanceOf(ClosedChannelException.class);
    }
  }

  @Case("T73")
  @Test
  void aPeerThatClosesEndsEveryBlockedCall() throws Exception {
    for (BlockingCall blocked : BlockingCall.values()) {
      Pair pair = connect(1024);
      fill(pair.own());
      Deed.Plain<Vchan> deed = blocked.unlimited();
      Pending<Boolean> call =
          pair.own()
              .startAndAwaitSleep(
                  end -> {
                    deed.on(end);
                    return true;
                  });
      pair.peer().close();
      if (blocked.incoming() || blocked == BlockingCall.AWAIT_WRITABLE) {
        assertThat(call.get()).as(blocked.name()).isTrue();
      } else {
        assertThatThrownBy(call::get)
            .as(blocked.name())
            .isInstanceOfSatisfying(
                PeerClosedException.class, e -> assertThat(e.bytesTransferred()).isZero());
      }
      assertThat(pair.own().state()).isEqualTo(VchanState.PEER_CLOSED);
      pair.own().close();
    }
  }

  @Case("T74")
  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  void bothSidesMayCloseAtOnce() throws Exception {
    int rounds = rounds(1_000, 25_000);
    for (int round = 0; round < rounds; round++) {
      Pair pair = connect(1024);
      Pending<Boolean> own = pair.own().startRun(Vchan::close);
      Pending<Boolean> peer = pair.peer().startRun(Vchan::close);
      assertThat(own.get() && peer.get()).isTrue();
      stage.forget(pair);
    }
  }

  @Case("T75")
  @Test
  void everyCallAfterTheCloseSaysSo() throws Exception {
    Pair pair = connect(1024);
    pair.own().close();
    pair.own().run(Vchan::close);
    for (BlockingCall call : BlockingCall.values()) {
      assertClosed(pair.own(), call.unlimited());
    }
    assertClosed(pair.own(), end -> end.tryRead(ByteBuffer.allocate(1)));
    assertClosed(pair.own(), end -> end.tryWrite(ByteBuffer.allocate(1)));
    assertClosed(pair.own(), end -> end.tryReceive(ByteBuffer.allocate(1)));
    assertClosed(pair.own(), end -> end.trySend(ByteBuffer.allocate(1)));
    assertClosed(pair.own(), end -> end.consume(1));
    assertClosed(pair.own(), end -> end.commit(1));
    assertClosed(pair.own(), Vchan::dataReady);
    assertClosed(pair.own(), Vchan::bufferSpace);
    assertClosed(pair.own(), Vchan::shutdownOutput);
    assertClosed(pair.own(), Vchan::shutdownInput);
    assertThat(pair.own().state()).isEqualTo(VchanState.CLOSED);
    assertThat(pair.own().<Boolean>call(Vchan::isOpen)).isFalse();
    assertThat(pair.own().<String>call(Vchan::toString)).contains("CLOSED");
    assertThat(pair.own().<Long>call(end -> end.counters().bytesRead())).isZero();
  }

  private static void assertClosed(End end, Deed.Plain<Vchan> call) {
    assertThatThrownBy(() -> end.run(call)).isExactlyInstanceOf(ClosedChannelException.class);
  }

  @Case("T77")
  @Test
  void aClosedPeersBytesCanBeReadSlowly() throws Exception {
    Pair pair = connect(4096);
    byte[] full = fill(pair.peer());
    pair.peer().close();
    pair.own()
        .run(
            end -> {
              for (byte each : full) {
                assertThat(StreamContract.read(end, 1)).containsExactly(each);
              }
            });
    assertThat(pair.own().read(1)).isEmpty();
  }

  @Case("T78")
  @Test
  void theEndOfTheStreamIsFinal() throws Exception {
    Pair pair = connect(1024);
    pair.peer().close();
    for (int i = 0; i < 3; i++) {
      assertThat(pair.own().<Integer>call(end -> end.read(ByteBuffer.allocate(1)))).isEqualTo(-1);
      assertThat(pair.own().tryRead(1)).isEqualTo(-1);
      assertThat(
              pair.own().<Integer>call(end -> end.receive(ByteBuffer.allocate(1), Deadline.NEVER)))
          .isEqualTo(-1);
      assertThat(pair.own().<Boolean>call(end -> end.awaitReadable(Deadline.NEVER))).isTrue();
      assertThat(pair.own().<Boolean>call(end -> end.peek(Deadline.NEVER).hasRemaining()))
          .isFalse();
      assertThat(pair.own().<Integer>call(end -> end.inputStream().read())).isEqualTo(-1);
      assertThatThrownBy(() -> pair.own().write(bytes(1))).isInstanceOf(PeerClosedException.class);
    }
  }

  @Case("T79")
  @Test
  void nothingIsWrittenToAPeerThatHasClosed() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    pair.peer().close();
    List<Deed.Plain<Vchan>> calls =
        List.of(
            end -> end.write(ByteBuffer.allocate(10)),
            end -> end.tryWrite(ByteBuffer.allocate(10)),
            end -> end.write(new ByteBuffer[] {ByteBuffer.allocate(10)}),
            end -> end.send(ByteBuffer.allocate(10), Deadline.NEVER),
            end -> end.trySend(ByteBuffer.allocate(10)),
            end -> end.reserve(Deadline.NEVER));
    for (Deed.Plain<Vchan> call : calls) {
      assertThatThrownBy(() -> pair.own().run(call))
          .isInstanceOfSatisfying(
              PeerClosedException.class, e -> assertThat(e.bytesTransferred()).isZero());
    }
    assertThat(pair.own().bufferSpace()).isEqualTo(capacity);
    assertThat(pair.own().<Long>call(end -> end.counters().bytesWritten())).isZero();
  }

  @Test
  void aDrainEndsWhenEverythingWasRead() throws Exception {
    Pair pair = connect(1024);
    pair.own().drain(LONG);
    int capacity = fill(pair.own()).length;
    Pending<Boolean> draining =
        pair.own()
            .startAndAwaitSleep(
                end -> {
                  end.drain(Deadline.NEVER);
                  return true;
                });
    long before = pair.own().sleeps();
    pair.peer().read(capacity - 1);
    pair.own().awaitSleepsAbove(before, draining);
    pair.peer().read(1);
    assertThat(draining.get()).isTrue();
  }

  @Test
  void aDrainThatTimesOutSaysHowMuchIsLeft() throws Exception {
    Pair pair = connect(1024);
    pair.own().write(bytes(123));
    assertThatThrownBy(() -> pair.own().drain(MOMENT))
        .isInstanceOf(VchanTimeoutException.class)
        .hasMessageContaining("123");
    pair.peer().read(123);
    pair.own().drain(LONG);
  }

  @Test
  void aDrainWhosePeerLeavesBytesUnreadSaysHowMany() throws Exception {
    Pair pair = connect(1024);
    pair.own().write(bytes(123));
    Pending<Boolean> draining =
        pair.own()
            .startAndAwaitSleep(
                end -> {
                  end.drain(Deadline.NEVER);
                  return true;
                });
    pair.peer().close();
    assertThatThrownBy(draining::get)
        .isInstanceOf(PeerClosedException.class)
        .hasMessageContaining("123");
  }

  @Case("T83")
  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  void closingUnderLoadHarmsNobody() throws Exception {
    int rounds = rounds(100, 2_500);
    for (int round = 0; round < rounds; round++) {
      Pair pair = connect(Setup.rings(4096));
      List<Pending<Boolean>> load =
          List.of(
              pair.own().startRun(CloseContract::writeForEver),
              pair.own().startRun(CloseContract::readForEver),
              pair.peer().startRun(CloseContract::writeForEver),
              pair.peer().startRun(CloseContract::readForEver));
      // Any moment will do, from before the first byte to the midst of the traffic.
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(round % 20 * 50L));
      pair.own().close();
      for (Pending<Boolean> call : load) {
        assertThat(call.get()).isTrue();
      }
      pair.peer().close();
      stage.forget(pair);
    }
  }

  private static void writeForEver(Vchan end) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocateDirect(3000);
    try {
      for (; ; ) {
        end.write(buffer.clear());
      }
    } catch (ClosedChannelException | PeerClosedException e) {
      assertThat(buffer.position()).isBetween(0, 3000);
    }
  }

  private static void readForEver(Vchan end) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocateDirect(3000);
    try {
      while (end.read(buffer.clear()) > 0) {
        assertThat(buffer.position()).isPositive();
      }
    } catch (ClosedChannelException e) {
      assertThat(buffer.position()).isZero();
    }
  }
}
