// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.PeerClosedException;
import dev.vchan.Vchan;
import dev.vchan.VchanState;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Setup;
import dev.vchan.testkit.ends.Stage.Pair;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The end of one direction while the other goes on, where both sides understand it. */
public abstract class HalfCloseContract extends ChannelContract {

  private static final Duration LONG = Duration.ofSeconds(60);

  /** For subclasses. */
  protected HalfCloseContract() {}

  @Test
  void thePeerReadsEverythingAndTheEndAndStillAnswers() throws Exception {
    Pair pair = connect(1024);
    assertThat(pair.own().<Boolean>call(Vchan::supportsHalfClose)).isTrue();
    assertThat(pair.peer().<Boolean>call(Vchan::supportsHalfClose)).isTrue();
    byte[] full = fill(pair.own());
    assertThat(pair.own().<Boolean>call(Vchan::shutdownOutput)).isTrue();
    assertThat(pair.own().<Boolean>call(Vchan::shutdownOutput)).isTrue();
    assertThat(pair.peer().read(full.length + 1)).isEqualTo(full);
    assertThat(pair.peer().read(1)).isEmpty();
    assertThat(pair.peer().state()).isEqualTo(VchanState.CONNECTED);
    pair.peer().write(bytes(100));
    assertThat(pair.own().read(200)).isEqualTo(bytes(100));
    assertThat(pair.own().state()).isEqualTo(VchanState.CONNECTED);
    assertThat(pair.peer().<Boolean>call(Vchan::shutdownOutput)).isTrue();
    assertThat(pair.own().read(1)).isEmpty();
  }

  @Test
  void aBlockedReaderLearnsOfTheEnd() throws Exception {
    Pair pair = connect(1024);
    Pending<Integer> reading =
        pair.peer().startAndAwaitSleep(end -> end.read(ByteBuffer.allocate(1)));
    pair.own().run(Vchan::shutdownOutput);
    assertThat(reading.get()).isEqualTo(-1);
  }

  @Test
  void whatIsWrittenAfterwardsIsRefused() throws Exception {
    Pair pair = connect(1024);
    pair.own().run(Vchan::shutdownOutput);
    for (BlockingCall call : BlockingCall.values()) {
      // To drain is to wait for the peer, which is what one does next.
      if (!call.incoming() && call != BlockingCall.DRAIN) {
        assertThatThrownBy(() -> pair.own().run(call.unlimited()))
            .as(call.name())
            .isExactlyInstanceOf(ClosedChannelException.class);
      }
    }
    assertThat(pair.peer().read(1)).isEmpty();
  }

  @Test
  void aBlockedWriterIsCutShortAndWhatItWroteArrives() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    byte[] more = bytes(capacity + 10);
    Pending<Integer> writing =
        pair.own().startAndAwaitSleep(end -> end.write(ByteBuffer.wrap(more)));
    assertThat(pair.own().<Boolean>call(Vchan::shutdownOutput)).isTrue();
    assertThatThrownBy(writing::get).isExactlyInstanceOf(ClosedChannelException.class);
    assertThat(pair.peer().read(more.length)).isEqualTo(Arrays.copyOf(more, capacity));
    assertThat(pair.peer().read(1)).isEmpty();
  }

  @Test
  void aDrainAfterwardsWaitsForThePeer() throws Exception {
    Pair pair = connect(1024);
    pair.own().write(bytes(100));
    pair.own().run(Vchan::shutdownOutput);
    Pending<Boolean> draining =
        pair.own()
            .startAndAwaitSleep(
                end -> {
                  end.drain(Deadline.NEVER);
                  return true;
                });
    assertThat(pair.peer().read(100)).isEqualTo(bytes(100));
    assertThat(draining.get()).isTrue();
  }

  @Test
  void aPeerThatClosesAfterItsEndLeavesNothingToReport() throws Exception {
    Pair pair = connect(1024);
    pair.peer().write(bytes(100));
    pair.peer().run(Vchan::shutdownOutput);
    pair.peer().close();
    assertThat(pair.own().read(200)).isEqualTo(bytes(100));
    assertThat(pair.own().read(1)).isEmpty();
    assertThat(pair.own().state()).isEqualTo(VchanState.PEER_CLOSED);
    assertThatThrownBy(() -> pair.own().write(bytes(1))).isInstanceOf(PeerClosedException.class);
  }

  @Test
  void withoutHalfCloseTheWholeChannelIsClosed() throws Exception {
    Pair pair = connect(Setup.rings(1024).asleep().asClassic());
    assertThat(pair.own().<Boolean>call(Vchan::supportsHalfClose)).isFalse();
    assertThat(pair.peer().<Boolean>call(Vchan::supportsHalfClose)).isFalse();
    pair.own().write(bytes(100));
    assertThat(pair.own().<Boolean>call(Vchan::shutdownOutput)).isFalse();
    assertThat(pair.own().state()).isEqualTo(VchanState.CLOSED);
    assertThat(pair.peer().read(200)).isEqualTo(bytes(100));
    assertThat(pair.peer().read(1)).isEmpty();
    assertThat(pair.peer().state()).isEqualTo(VchanState.PEER_CLOSED);
  }

  @Test
  void onePeerWithoutHalfCloseIsEnough() throws Exception {
    String port = stage.newPort();
    Setup setup = Setup.rings(1024);
    var listening = stage.listen(stage.peer(), port, setup.asClassic());
    var own = stage.join(stage.own(), port, setup).get();
    assertThat(own.<Boolean>call(Vchan::supportsHalfClose)).isFalse();
    assertThat(listening.get().<Boolean>call(Vchan::supportsHalfClose)).isFalse();
  }

  @Test
  void shutInputReadsTheEndAndHoldsNobodyUp() throws Exception {
    Pair pair = connect(1024);
    pair.peer().write(bytes(100));
    pair.own().run(Vchan::shutdownInput);
    pair.own().run(Vchan::shutdownInput);
    assertThat(pair.own().read(100)).isEmpty();
    assertThat(pair.own().receive(100)).isEmpty();
    assertThat(pair.own().tryRead(100)).isEqualTo(-1);
    assertThat(pair.own().<Boolean>call(end -> end.awaitReadable(Deadline.NEVER))).isTrue();
    assertThat(pair.own().<Boolean>call(end -> end.peek(Deadline.NEVER).hasRemaining())).isFalse();
    // Many ringfuls, which nobody reads.
    pair.peer().run(end -> end.write(ByteBuffer.allocate(100_000)));
    pair.peer().drain(LONG);
    // The other direction is not concerned.
    pair.own().write(bytes(100));
    assertThat(pair.peer().read(200)).isEqualTo(bytes(100));
    pair.peer().close();
    assertThat(pair.own().read(1)).isEmpty();
  }

  @Test
  void shutInputEndsABlockedReader() throws Exception {
    Pair pair = connect(1024);
    Pending<Integer> reading =
        pair.own().startAndAwaitSleep(end -> end.read(ByteBuffer.allocate(1)));
    pair.own().run(Vchan::shutdownInput);
    assertThat(reading.get()).isEqualTo(-1);
  }

  @Test
  void shutInputEndsAReceiverThatHasAPart() throws Exception {
    Pair pair = connect(1024);
    pair.peer().write(bytes(5));
    Pending<Integer> receiving =
        pair.own().startAndAwaitSleep(end -> end.receive(ByteBuffer.allocate(10), Deadline.NEVER));
    pair.own().run(Vchan::shutdownInput);
    assertThat(receiving.get()).isEqualTo(-1);
    pair.peer().drain(LONG);
  }

  @Test
  void shutInputDiscardsWhatWasPeekedAt() throws Exception {
    Pair pair = connect(1024);
    pair.peer().write(bytes(100));
    assertThat(pair.own().<Integer>call(end -> end.peek(Deadline.NEVER).remaining()))
        .isEqualTo(100);
    pair.own().run(Vchan::shutdownInput);
    pair.peer().drain(LONG);
    assertThat(pair.own().read(1)).isEmpty();
    pair.own().run(end -> end.consume(100));
  }

  @Test
  void bothDirectionsMayBeShut() throws Exception {
    Pair pair = connect(1024);
    pair.own().run(Vchan::shutdownInput);
    pair.own().run(Vchan::shutdownOutput);
    assertThat(pair.own().<Boolean>call(Vchan::isOpen)).isTrue();
    pair.peer().run(end -> end.write(ByteBuffer.allocate(10_000)));
    pair.peer().run(Vchan::shutdownOutput);
    assertThat(pair.peer().read(1)).isEmpty();
  }
}
