// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.PeerClosedException;
import dev.vchan.Vchan;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.ends.Deed;
import dev.vchan.testkit.ends.End;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Setup;
import dev.vchan.testkit.ends.Stage.Pair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Reading and writing streams of bytes. */
public abstract class StreamContract extends ChannelContract {

  /** For subclasses. */
  protected StreamContract() {}

  /** The sizes ocaml-vchan's tests use, and each of them minus one. */
  private static List<Setup> fieldSizes() {
    List<Setup> sizes =
        List.of(
            Setup.rings(1024, 1024),
            Setup.rings(1024, 2048),
            Setup.rings(2048, 1024),
            Setup.rings(2048, 2048),
            Setup.rings(4096, 4096));
    List<Setup> smaller =
        sizes.stream().map(s -> Setup.rings(s.readBytes() - 1, s.writeBytes() - 1)).toList();
    return Stream.concat(sizes.stream(), smaller.stream()).toList();
  }

  @Case("T21")
  @Case("T29")
  @Test
  void aGreetingIsAnsweredOverRingsOfEverySize() throws Exception {
    for (Setup sizes : fieldSizes()) {
      Pair pair = connect(sizes);
      pair.own().write("hello".getBytes(UTF_8));
      assertThat(pair.peer().read(5)).asString(UTF_8).isEqualTo("hello");
      pair.peer().write("vchan world".getBytes(UTF_8));
      assertThat(pair.own().read(100)).asString(UTF_8).isEqualTo("vchan world");
      pair.own().close();
      pair.peer().close();
    }
  }

  @Case("T30")
  @Test
  void aReaderThatCameFirstGetsWhatIsWrittenLater() throws Exception {
    for (Setup sizes : fieldSizes()) {
      Pair pair = connect(sizes.asleep());
      readBeforeWrite(pair.own(), pair.peer());
      readBeforeWrite(pair.peer(), pair.own());
      pair.own().close();
      pair.peer().close();
    }
  }

  private static void readBeforeWrite(End reader, End writer) throws Exception {
    Pending<byte[]> reading = reader.startAndAwaitSleep(end -> read(end, 100));
    writer.write(bytes(5));
    assertThat(reading.get()).isEqualTo(bytes(5));
  }

  static byte[] read(Vchan end, int most) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(most);
    end.read(buffer);
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  @Case("T31")
  @Test
  void bytesThatWrapAroundTheRingAreReadInOnePiece() throws Exception {
    Pair pair = connect(4096);
    pair.own().write(bytes(4094));
    assertThat(pair.peer().read(5000)).isEqualTo(bytes(4094));
    pair.own().write(bytes(1));
    assertThat(pair.peer().read(5000)).isEqualTo(bytes(1));
    pair.own().write(bytes(5));
    assertThat(pair.peer().read(5)).isEqualTo(bytes(5));
  }

  @Case("T32")
  @Test
  void aFullRingIsReadAtOnce() throws Exception {
    Pair pair = connect(1024);
    byte[] full = fill(pair.own());
    assertThat(pair.own().bufferSpace()).isZero();
    assertThat(pair.peer().read(full.length + 1)).isEqualTo(full);
  }

  @Case("T33")
  @Test
  void aByteTooManyWaitsUntilOneWasRead() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    byte[] more = bytes(capacity + 1);
    Pending<Integer> writing =
        pair.own().startAndAwaitSleep(end -> end.write(ByteBuffer.wrap(more)));
    assertThat(pair.peer().dataReady()).isEqualTo(capacity);
    assertThat(writing.isDone()).isFalse();
    assertThat(pair.peer().read(1)).isEqualTo(Arrays.copyOf(more, 1));
    assertThat(writing.get()).isEqualTo(more.length);
    assertThat(pair.peer().read(more.length)).isEqualTo(Arrays.copyOfRange(more, 1, more.length));
  }

  @Case("T38")
  @Test
  void aReadOfMoreThanThereIsReturnsWhatThereIs() throws Exception {
    Pair pair = connect(4096);
    pair.own().write(bytes(100));
    assertThat(pair.peer().read(4096)).isEqualTo(bytes(100));
  }

  @Case("T40")
  @Test
  void aWriteLargerThanTheRingIsReadInTwoPieces() throws Exception {
    Pair pair = connect(4096);
    int capacity = pair.own().outgoingCapacity();
    byte[] large = bytes(capacity + 10);
    Pending<Integer> writing =
        pair.own().startAndAwaitSleep(end -> end.write(ByteBuffer.wrap(large)));
    assertThat(pair.peer().read(large.length)).isEqualTo(Arrays.copyOf(large, capacity));
    assertThat(writing.get()).isEqualTo(large.length);
    assertThat(pair.peer().read(10)).isEqualTo(Arrays.copyOfRange(large, capacity, large.length));
  }

  @Case("T41")
  @Test
  void aWholeRingFitsWhereverTheLastReadEnded() throws Exception {
    Pair pair = connect(4096);
    byte[] third = bytes(pair.own().outgoingCapacity() / 3);
    pair.own().write(third);
    assertThat(pair.peer().read(4096)).isEqualTo(third);
    byte[] full = fill(pair.own());
    assertThat(pair.peer().read(full.length)).isEqualTo(full);
  }

  @Case("T42")
  @Test
  void dataReadyTellsWhatCanBeRead() throws Exception {
    Pair pair = connect(4096);
    assertThat(pair.peer().dataReady()).isZero();
    pair.own().write(bytes(123));
    assertThat(pair.peer().dataReady()).isEqualTo(123);
    pair.peer().read(100);
    assertThat(pair.peer().dataReady()).isEqualTo(23);
    pair.peer().read(100);
    assertThat(pair.peer().dataReady()).isZero();
  }

  @Case("T43")
  @Test
  void bufferSpaceTellsWhatCanBeWritten() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    assertThat(pair.own().bufferSpace()).isEqualTo(capacity);
    pair.own().write(bytes(123));
    assertThat(pair.own().bufferSpace()).isEqualTo(capacity - 123);
    pair.peer().read(123);
    assertThat(pair.own().bufferSpace()).isEqualTo(capacity);
  }

  @Case("T47")
  @Test
  void aPollThatFindsNothingReturnsZeroAndHasAsked() throws Exception {
    Pair pair = connect(1024);
    // What the handshake asked for is used up first.
    pair.own().write(bytes(1));
    assertThat(pair.peer().tryRead(10)).isEqualTo(1);
    assertThat(pair.peer().tryRead(10)).isZero();
    long sent = pair.own().eventsSent();
    byte[] full = fill(pair.own());
    assertThat(pair.own().eventsSent()).isEqualTo(sent + 1);

    assertThat(pair.own().tryWrite(bytes(10))).isZero();
    sent = pair.peer().eventsSent();
    assertThat(pair.peer().read(full.length)).isEqualTo(full);
    assertThat(pair.peer().eventsSent()).isEqualTo(sent + 1);
    assertThat(pair.own().tryWrite(bytes(10))).isEqualTo(10);
  }

  @Case("T48")
  @Test
  void callsForNoBytesDoNothingAtAll() throws Exception {
    Pair pair = connect(1024);
    pair.own().write(bytes(1));
    pair.peer().read(1);
    long sent = pair.own().eventsSent() + pair.peer().eventsSent();
    long slept = pair.own().sleeps() + pair.peer().sleeps();
    callForNoBytes(pair.own());
    fill(pair.own());
    callForNoBytes(pair.own());
    callForNoBytes(pair.peer());
    assertThat(pair.own().eventsSent() + pair.peer().eventsSent()).isEqualTo(sent);
    assertThat(pair.own().sleeps() + pair.peer().sleeps()).isEqualTo(slept);
    // Nobody has asked for anything either.
    pair.peer().read(10);
    assertThat(pair.peer().eventsSent() + pair.own().eventsSent()).isEqualTo(sent);

    pair.peer().close();
    assertThatThrownBy(() -> pair.own().write(new byte[0])).isInstanceOf(PeerClosedException.class);
    pair.own().close();
    for (NoBytes call : NoBytes.values()) {
      assertThatThrownBy(() -> pair.own().run(call.call))
          .as(call.name())
          .isInstanceOf(ClosedChannelException.class);
    }
  }

  private static void callForNoBytes(End end) throws Exception {
    for (NoBytes call : NoBytes.values()) {
      end.run(call.call);
    }
  }

  /** Every call that can be made for no bytes. */
  @SuppressWarnings("ImmutableEnumChecker") // The lambdas capture nothing.
  private enum NoBytes {
    READ(end -> assertThat(end.read(none())).isZero()),
    TRY_READ(end -> assertThat(end.tryRead(none())).isZero()),
    SCATTER(end -> assertThat(end.read(new ByteBuffer[] {none(), none()})).isZero()),
    RECEIVE(end -> assertThat(end.receive(none(), Deadline.NEVER)).isZero()),
    TRY_RECEIVE(end -> assertThat(end.tryReceive(none())).isZero()),
    WRITE(end -> assertThat(end.write(none())).isZero()),
    TRY_WRITE(end -> assertThat(end.tryWrite(none())).isZero()),
    GATHER(end -> assertThat(end.write(new ByteBuffer[] {none(), none()})).isZero()),
    SEND(end -> assertThat(end.send(none(), Deadline.NEVER)).isZero()),
    TRY_SEND(end -> assertThat(end.trySend(none())).isTrue());

    private final Deed.Plain<Vchan> call;

    NoBytes(Deed.Plain<Vchan> call) {
      this.call = call;
    }

    private static ByteBuffer none() {
      return ByteBuffer.allocate(0);
    }
  }

  @Case("T49")
  @Test
  void aWriteThatThePeerCutsShortSaysHowFarItCame() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    Pending<Integer> writing =
        pair.own().startAndAwaitSleep(end -> end.write(ByteBuffer.allocate(3 * capacity)));
    long before = pair.own().sleeps();
    assertThat(pair.peer().read(100)).hasSize(100);
    pair.own().awaitSleepsAbove(before, writing);
    pair.peer().close();
    assertThatThrownBy(writing::get)
        .isInstanceOfSatisfying(
            PeerClosedException.class,
            e -> assertThat(e.bytesTransferred()).isEqualTo(capacity + 100));
  }

  @Case("T52")
  @Test
  void rangesOutsideTheArrayAreRefusedWithoutEffect() throws Exception {
    Pair pair = connect(1024);
    int[][] ranges = {{-1, 1}, {0, 3}, {3, 0}, {1, 2}, {0, -1}, {Integer.MAX_VALUE, 1}};
    for (int[] range : ranges) {
      int offset = range[0];
      int length = range[1];
      refused(pair.own(), end -> end.read(new ByteBuffer[2], offset, length));
      refused(pair.own(), end -> end.write(new ByteBuffer[2], offset, length));
      refused(pair.own(), end -> end.inputStream().read(new byte[2], offset, length));
      refused(pair.own(), end -> end.outputStream().write(new byte[2], offset, length));
    }
    assertThat(pair.peer().dataReady()).isZero();
    pair.peer().write(bytes(2));
    assertThat(pair.own().read(2)).isEqualTo(bytes(2));
  }

  private static void refused(End end, Deed.Plain<Vchan> call) {
    assertThatThrownBy(() -> end.run(call)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void aReadOnlyTargetIsRefusedWithoutEffect() throws Exception {
    Pair pair = connect(1024);
    pair.peer().write(bytes(7));
    assertThatThrownBy(
            () -> pair.own().run(end -> end.read(ByteBuffer.allocate(7).asReadOnlyBuffer())))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(pair.own().read(100)).isEqualTo(bytes(7));
  }
}
