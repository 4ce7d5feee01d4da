// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.PeerClosedException;
import dev.vchan.Vchan;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.ends.Deed;
import dev.vchan.testkit.ends.End;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Stage.Pair;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The ring itself in the caller's hands. */
public abstract class ZeroCopyContract extends ChannelContract {

  /** For subclasses. */
  protected ZeroCopyContract() {}

  /** What lies in the ring now, in one piece; leaves the peek open. */
  private static byte[] peek(End reader) throws Exception {
    return reader.call(
        end -> {
          ByteBuffer view = end.peek(Deadline.NEVER);
          byte[] seen = new byte[view.remaining()];
          view.get(seen);
          return seen;
        });
  }

  @Test
  void whatWasPeekedAtStaysUntilItIsConsumed() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    pair.own().write(bytes(10));
    assertThat(peek(pair.peer())).isEqualTo(bytes(10));
    assertThat(pair.own().bufferSpace()).isEqualTo(capacity - 10);
    pair.peer().run(end -> end.consume(4));
    assertThat(pair.own().bufferSpace()).isEqualTo(capacity - 6);
    assertThat(peek(pair.peer())).isEqualTo(Arrays.copyOfRange(bytes(10), 4, 10));
    pair.peer().run(end -> end.consume(0));
    assertThat(pair.peer().read(100)).hasSize(6);
    assertThat(pair.own().bufferSpace()).isEqualTo(capacity);
  }

  @Test
  void whatWasReservedIsSeenOnceItIsCommitted() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    byte[] bytes = bytes(10);
    int offered =
        pair.own()
            .call(
                end -> {
                  ByteBuffer space = end.reserve(Deadline.NEVER);
                  int all = space.remaining();
                  space.put(bytes);
                  return all;
                });
    assertThat(offered).isEqualTo(capacity);
    assertThat(pair.peer().dataReady()).isZero();
    pair.own().run(end -> end.commit(10));
    assertThat(pair.peer().read(100)).isEqualTo(bytes);
    pair.own().run(end -> end.reserve(Deadline.NEVER));
    pair.own().run(end -> end.commit(0));
    assertThat(pair.peer().dataReady()).isZero();
  }

  @Test
  void aViewEndsWhereTheRingWraps() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    pair.own().write(bytes(capacity - 3));
    pair.peer().read(capacity - 3);
    assertThat(pair.own().<Integer>call(end -> end.reserve(Deadline.NEVER).remaining()))
        .isEqualTo(3);
    pair.own().run(end -> end.commit(0));
    pair.own().write(bytes(10));
    assertThat(peek(pair.peer())).hasSize(3);
    pair.peer().run(end -> end.consume(3));
    assertThat(peek(pair.peer())).isEqualTo(Arrays.copyOfRange(bytes(10), 3, 10));
    pair.peer().run(end -> end.consume(7));
  }

  @Test
  void otherCallsWaitUntilTheViewIsGivenBack() throws Exception {
    Pair pair = connect(1024);
    pair.peer().write(bytes(10));
    peek(pair.own());
    pair.own().run(end -> end.reserve(Deadline.NEVER));
    for (BlockingCall call : BlockingCall.values()) {
      if (call != BlockingCall.DRAIN && call != BlockingCall.AWAIT_WRITABLE) {
        assertThatThrownBy(() -> pair.own().run(call.unlimited()))
            .as(call.name())
            .isInstanceOf(IllegalStateException.class);
      }
    }
    pair.own().run(end -> end.commit(1));
    pair.own().run(end -> end.consume(1));
    assertThat(pair.own().read(100)).hasSize(9);
    assertThat(pair.peer().read(100)).hasSize(1);
  }

  @Test
  void moreThanWasShownCannotBeGivenBack() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    refused(pair.own(), IllegalStateException.class, end -> end.consume(0));
    refused(pair.own(), IllegalStateException.class, end -> end.commit(0));
    pair.peer().write(bytes(10));
    peek(pair.own());
    refused(pair.own(), IllegalArgumentException.class, end -> end.consume(11));
    refused(pair.own(), IllegalArgumentException.class, end -> end.consume(-1));
    pair.own().run(end -> end.consume(10));
    refused(pair.own(), IllegalStateException.class, end -> end.consume(0));
    pair.own().run(end -> end.reserve(Deadline.NEVER));
    refused(pair.own(), IllegalArgumentException.class, end -> end.commit(capacity + 1));
    refused(pair.own(), IllegalArgumentException.class, end -> end.commit(-1));
    pair.own().run(end -> end.commit(capacity));
    refused(pair.own(), IllegalStateException.class, end -> end.commit(0));
    assertThat(pair.peer().read(capacity + 1)).hasSize(capacity);
  }

  /** No more than the view held, also when the ring has filled since, or the data wraps. */
  @Test
  void whatWasNotShownCannotBeGivenBack() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().incomingCapacity();
    pair.peer().write(bytes(capacity - 3));
    pair.own().read(capacity);
    pair.peer().write(bytes(10));
    assertThat(peek(pair.own())).hasSize(3);
    refused(pair.own(), IllegalArgumentException.class, end -> end.consume(4));
    pair.own().run(end -> end.consume(3));
    assertThat(pair.own().read(10)).hasSize(7);
  }

  private static void refused(
      End end, Class<? extends Throwable> expected, Deed.Plain<Vchan> call) {
    assertThatThrownBy(() -> end.run(call)).isInstanceOf(expected);
  }

  @Test
  void theViewOfWhatArrivedIsReadOnly() throws Exception {
    Pair pair = connect(1024);
    pair.peer().write(bytes(10));
    refused(
        pair.own(), ReadOnlyBufferException.class, end -> end.peek(Deadline.NEVER).put((byte) 0));
    pair.own().run(end -> end.consume(10));
  }

  @Test
  void aCommitToAPeerThatHasClosedFails() throws Exception {
    Pair pair = connect(1024);
    pair.own().run(end -> end.reserve(Deadline.NEVER));
    pair.peer().close();
    refused(pair.own(), PeerClosedException.class, end -> end.commit(1));
    pair.peer().close();
  }

  @Test
  void whatWasPeekedAtOutlivesItsWriter() throws Exception {
    Pair pair = connect(1024);
    pair.peer().write(bytes(10));
    byte[] seen = peek(pair.own());
    pair.peer().close();
    assertThat(seen).isEqualTo(bytes(10));
    pair.own().run(end -> end.consume(4));
    assertThat(pair.own().read(100)).hasSize(6);
    assertThat(peek(pair.own())).isEmpty();
  }

  @Test
  void aStreamPassesWithoutBeingCopied() throws Exception {
    Pair pair = connect(4096);
    long total = 5_000_000;
    Pending<Boolean> writing =
        pair.own()
            .startRun(
                end -> {
                  Patterns pattern = new Patterns(7);
                  while (pattern.position() < total) {
                    ByteBuffer space = end.reserve(Deadline.NEVER);
                    int bytes = (int) Math.min(space.remaining(), total - pattern.position());
                    pattern.fill(space.limit(bytes));
                    end.commit(bytes);
                  }
                  end.close();
                });
    long seen =
        pair.peer()
            .call(
                end -> {
                  Patterns pattern = new Patterns(7);
                  for (ByteBuffer view = end.peek(Deadline.NEVER);
                      view.hasRemaining();
                      view = end.peek(Deadline.NEVER)) {
                    int bytes = view.remaining();
                    pattern.check(view);
                    end.consume(bytes);
                  }
                  return pattern.position();
                });
    assertThat(writing.get()).isTrue();
    assertThat(seen).isEqualTo(total);
  }
}
