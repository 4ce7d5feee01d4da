// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.PeerClosedException;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.ends.End;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Stage.Pair;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/**
 * Who sends an event when. Counted at both ends with calls that sleep at once, so that every number
 * is exact.
 */
public abstract class NotificationContract extends ChannelContract {

  /** For subclasses. */
  protected NotificationContract() {}

  @Case("T53")
  @Test
  void threeWritesToAnIdleReaderSendOneEvent() throws Exception {
    Pair pair = connect(1024);
    for (int i = 0; i < 3; i++) {
      pair.own().write(bytes(10));
    }
    assertThat(pair.own().eventsSent()).isEqualTo(1);
    for (int i = 0; i < 3; i++) {
      pair.peer().write(bytes(10));
    }
    assertThat(pair.peer().eventsSent()).isEqualTo(1);
  }

  @Case("T54")
  @Test
  void aReaderThatTakesEverythingAndAsksGetsOneEventARefill() throws Exception {
    Pair pair = connect(1024);
    pair.own().write(bytes(1));
    for (int refill = 1; refill <= 5; refill++) {
      assertThat(pair.peer().tryRead(100)).isPositive();
      assertThat(pair.peer().tryRead(100)).isZero();
      pair.own().write(bytes(10));
      pair.own().write(bytes(10));
      assertThat(pair.own().eventsSent()).isEqualTo(1 + refill);
    }
  }

  @Case("T55")
  @Case("T58")
  @Test
  void aReaderThatFindsDataAsksForNothing() throws Exception {
    Pair pair = connect(1024);
    pair.own().write(bytes(1));
    long sent = pair.own().eventsSent();
    for (int i = 0; i < 5; i++) {
      pair.own().write(bytes(10));
      assertThat(pair.peer().read(100)).isNotEmpty();
    }
    assertThat(pair.own().eventsSent()).isEqualTo(sent);
    assertThat(pair.peer().eventsSent()).isZero();
  }

  @Case("T42")
  @Case("T43")
  @Test
  void lookingAsksForNothing() throws Exception {
    Pair pair = connect(1024);
    pair.own().write(bytes(1));
    pair.peer().read(1);
    long sent = pair.own().eventsSent();
    assertThat(pair.peer().dataReady()).isZero();
    pair.own().write(bytes(pair.own().outgoingCapacity()));
    assertThat(pair.own().eventsSent()).isEqualTo(sent);
    assertThat(pair.own().bufferSpace()).isZero();
    pair.peer().read(10);
    assertThat(pair.peer().eventsSent()).isZero();
  }

  @Case("T56")
  @Test
  void aWriteThatFitsExactlyAsksForNothing() throws Exception {
    Pair pair = connect(1024);
    byte[] full = fill(pair.own());
    assertThat(pair.peer().read(full.length)).isEqualTo(full);
    assertThat(pair.peer().eventsSent()).isZero();
  }

  /** Our writer asks when it is about to sleep, after it has written the part that fits. */
  @Case("T57")
  @Test
  void aWriterThatWaitsGoesOnAfterOneEvent() throws Exception {
    Pair pair = connect(1024);
    byte[] more = bytes(pair.own().outgoingCapacity() + 1);
    Pending<Integer> writing =
        pair.own().startAndAwaitSleep(end -> end.write(ByteBuffer.wrap(more)));
    pair.peer().read(1);
    assertThat(writing.get()).isEqualTo(more.length);
    assertThat(pair.peer().eventsSent()).isEqualTo(1);
    pair.peer().read(100);
    assertThat(pair.peer().eventsSent()).isEqualTo(1);
  }

  @Test
  void aWriterThatWaitsForMoreAsksAgainAfterEveryWake() throws Exception {
    Pair pair = connect(1024);
    int capacity = fill(pair.own()).length;
    Pending<Boolean> waiting =
        pair.own().startAndAwaitSleep(end -> end.awaitWritable(3, Deadline.NEVER));
    for (int taken = 1; taken <= 2; taken++) {
      long before = pair.own().sleeps();
      pair.peer().read(1);
      pair.own().awaitSleepsAbove(before, waiting);
      assertThat(pair.peer().eventsSent()).isEqualTo(taken);
    }
    pair.peer().read(1);
    assertThat(waiting.get()).isTrue();
    assertThat(pair.own().bufferSpace()).isEqualTo(3);
    assertThat(pair.peer().dataReady()).isEqualTo(capacity - 3);
  }

  @Case("T65")
  @Test
  void anEventWakesTheReaderAndTheWriterOfOneEnd() throws Exception {
    Pair pair = connect(1024);
    byte[] full = fill(pair.own());
    Pending<Integer> writing =
        pair.own().startAndAwaitSleep(end -> end.write(ByteBuffer.allocate(1)));
    Pending<byte[]> reading = pair.own().startAndAwaitSleep(end -> StreamContract.read(end, 10));

    // The event for the reader also wakes the writer, which finds nothing, asks again and sleeps.
    long before = pair.own().sleeps();
    pair.peer().write(bytes(4));
    assertThat(reading.get()).isEqualTo(bytes(4));
    pair.own().awaitSleepsAbove(before, writing);
    assertThat(writing.isDone()).isFalse();

    // And the other way round.
    Pending<byte[]> again = pair.own().startAndAwaitSleep(end -> StreamContract.read(end, 10));
    before = pair.own().sleeps();
    pair.peer().read(full.length);
    assertThat(writing.get()).isEqualTo(1);
    pair.own().awaitSleepsAbove(before, again);
    assertThat(again.isDone()).isFalse();
    pair.peer().write(bytes(5));
    assertThat(again.get()).isEqualTo(bytes(5));
  }

  @Test
  void oneEventAboutTheCloseWakesTheReaderAndTheWriterOfOneEnd() throws Exception {
    Pair pair = connect(1024);
    fill(pair.own());
    End own = pair.own();
    Pending<Integer> writing = own.startAndAwaitSleep(end -> end.write(ByteBuffer.allocate(1)));
    Pending<byte[]> reading = own.startAndAwaitSleep(end -> StreamContract.read(end, 10));
    pair.peer().close();
    assertThat(reading.get()).isEmpty();
    assertThatThrownBy(writing::get).isInstanceOf(PeerClosedException.class);
  }
}
