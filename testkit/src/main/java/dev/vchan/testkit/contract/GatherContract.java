// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.PeerClosedException;
import dev.vchan.Vchan;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Stage.Pair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Several buffers in one call. */
public abstract class GatherContract extends ChannelContract {

  /** For subclasses. */
  protected GatherContract() {}

  /** Cuts bytes into buffers of 0, 1, 2, ... bytes, on the heap and off it in turn. */
  private static ByteBuffer[] cut(byte[] bytes) {
    ByteBuffer rest = ByteBuffer.wrap(bytes);
    List<ByteBuffer> pieces = new ArrayList<>();
    for (int size = 0; rest.hasRemaining(); size++) {
      int length = Math.min(size, rest.remaining());
      ByteBuffer piece =
          size % 2 == 0 ? ByteBuffer.allocate(length) : ByteBuffer.allocateDirect(length);
      pieces.add(piece.put(rest.slice(rest.position(), length)).flip());
      rest.position(rest.position() + length);
    }
    return pieces.toArray(ByteBuffer[]::new);
  }

  private static byte[] join(ByteBuffer[] pieces) {
    ByteBuffer all =
        ByteBuffer.allocate(Arrays.stream(pieces).mapToInt(ByteBuffer::position).sum());
    Arrays.stream(pieces).forEach(piece -> all.put(piece.flip()));
    return all.array();
  }

  @Test
  void manyBuffersAreGatheredInOrderWithOneEvent() throws Exception {
    Pair pair = connect(1024);
    byte[] bytes = bytes(1000);
    pair.own()
        .run(
            end -> {
              ByteBuffer[] pieces = cut(bytes);
              assertThat(end.write(pieces)).isEqualTo(1000);
              assertThat(pieces).noneMatch(ByteBuffer::hasRemaining);
            });
    assertThat(pair.own().eventsSent()).isEqualTo(1);
    assertThat(pair.peer().read(2000)).isEqualTo(bytes);
  }

  @Test
  void whatIsReadIsScatteredInOrder() throws Exception {
    Pair pair = connect(1024);
    byte[] bytes = bytes(1000);
    pair.peer().write(bytes);
    byte[] got =
        pair.own()
            .call(
                end -> {
                  ByteBuffer[] pieces = cut(new byte[1024]);
                  assertThat(end.read(pieces)).isEqualTo(1000);
                  return join(pieces);
                });
    assertThat(got).isEqualTo(bytes);
  }

  @Test
  void onlyTheNamedBuffersTakePart() throws Exception {
    Pair pair = connect(1024);
    pair.own()
        .run(
            end -> {
              ByteBuffer[] three = {filled(1), filled(2), filled(3)};
              assertThat(end.write(three, 1, 1)).isEqualTo(1);
              assertThat(three[0].hasRemaining() && three[2].hasRemaining()).isTrue();
            });
    pair.peer()
        .run(
            end -> {
              ByteBuffer[] three = {filled(7), filled(8), filled(9)};
              assertThat(end.read(three, 1, 2)).isEqualTo(1);
              assertThat(three[1].get(0)).isEqualTo((byte) 2);
              assertThat(three[0].position() + three[2].position()).isZero();
            });
  }

  private static ByteBuffer filled(int value) {
    return ByteBuffer.allocate(1).put(0, (byte) value);
  }

  @Test
  void moreThanARingfulIsGatheredAsTheReaderGoesOn() throws Exception {
    Pair pair = connect(1024);
    byte[] bytes = bytes(10_000);
    Pending<Long> writing = pair.own().start(end -> end.write(cut(bytes)));
    byte[] got =
        pair.peer()
            .call(
                end -> {
                  ByteBuffer[] pieces = cut(new byte[10_000]);
                  long sum = 0;
                  while (sum < 10_000) {
                    sum += end.read(pieces);
                  }
                  return join(pieces);
                });
    assertThat(writing.get()).isEqualTo(10_000);
    assertThat(got).isEqualTo(bytes);
  }

  @Test
  void aGatheringWriteCutShortSaysHowFarItCame() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    Pending<Long> writing =
        pair.own().startAndAwaitSleep(end -> end.write(cut(new byte[capacity + 100])));
    pair.peer().close();
    assertThatThrownBy(writing::get)
        .isInstanceOfSatisfying(
            PeerClosedException.class, e -> assertThat(e.bytesTransferred()).isEqualTo(capacity));
  }

  @Test
  void aScatteringReadReportsTheEnd() throws Exception {
    Pair pair = connect(1024);
    pair.peer().close();
    assertThat(pair.own().<Long>call(GatherContract::scatter)).isEqualTo(-1);
  }

  private static long scatter(Vchan end) throws IOException {
    return end.read(new ByteBuffer[] {ByteBuffer.allocate(1), ByteBuffer.allocate(1)});
  }

  @Test
  void aReadOnlyTargetAmongManyIsRefusedWithoutEffect() throws Exception {
    Pair pair = connect(1024);
    pair.peer().write(bytes(2));
    assertThatThrownBy(
            () ->
                pair.own()
                    .run(
                        end ->
                            end.read(
                                new ByteBuffer[] {
                                  ByteBuffer.allocate(1), ByteBuffer.allocate(1).asReadOnlyBuffer()
                                })))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(pair.own().dataReady()).isEqualTo(2);
  }
}
