// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.testkit.Case;
import dev.vchan.xen.xenstore.fake.Frame;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages come out of a stream of bytes whole, however the stream is torn. */
@Case("T89")
class MessageReaderTest {

  private static final List<Frame> FRAMES =
      List.of(
          Frame.of(Frame.WATCH_EVENT, 0, 0, "/a/b|token|"),
          Frame.of(Frame.READ, 0x7001_0203, 0x0405_0607, ""),
          Frame.of(Frame.ERROR, -1, 9, "ENOENT|"),
          Frame.of(Frame.DIRECTORY, 3, 0, "one|two|three|"));

  private static byte[] all() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    FRAMES.forEach(frame -> bytes.writeBytes(frame.encode()));
    return bytes.toByteArray();
  }

  /** Yields the bytes up to the next tear with each read, and the end behind them. */
  private static MessageReader reader(byte[] bytes, int... tears) {
    ByteBuffer rest = ByteBuffer.wrap(bytes);
    return new MessageReader(
        target -> {
          if (!rest.hasRemaining()) {
            return -1;
          }
          int end = rest.limit();
          for (int tear : tears) {
            if (tear > rest.position()) {
              end = tear;
              break;
            }
          }
          int count = Math.min(end - rest.position(), target.remaining());
          target.put(rest.slice(rest.position(), count));
          rest.position(rest.position() + count);
          return count;
        },
        5_000);
  }

  private static void expectAll(MessageReader reader) throws IOException {
    List<Frame> read = new ArrayList<>();
    for (int i = 0; i < FRAMES.size(); i++) {
      Message message = reader.next();
      read.add(
          Frame.of(
              message.type(), message.requestId(), message.transactionId(), message.payload()));
    }
    assertThat(read).isEqualTo(FRAMES);
    assertThatThrownBy(reader::next)
        .isInstanceOf(EOFException.class)
        .hasMessage("xenstored closed it");
  }

  @Test
  void oneTearAtEveryByteChangesNothing() throws IOException {
    for (int tear = 1; tear < all().length; tear++) {
      expectAll(reader(all(), tear));
    }
  }

  @Test
  void twoTearsAtEveryPairOfBytesChangeNothing() throws IOException {
    for (int first = 1; first < all().length; first++) {
      for (int second = first + 1; second < all().length; second++) {
        expectAll(reader(all(), first, second));
      }
    }
  }

  @Test
  void singleBytesAddUp() throws IOException {
    int[] everywhere = new int[all().length];
    for (int i = 0; i < everywhere.length; i++) {
      everywhere[i] = i + 1;
    }
    expectAll(reader(all(), everywhere));
  }

  @Test
  void anEndInTheMiddleTellsHowFarItCame() throws IOException {
    byte[] whole = FRAMES.getFirst().encode();
    for (int length = 1; length < whole.length; length++) {
      byte[] half = new byte[length];
      System.arraycopy(whole, 0, half, 0, length);
      assertThatThrownBy(reader(half)::next)
          .isInstanceOf(EOFException.class)
          .hasMessageContaining("after " + length + " bytes");
    }
  }

  @Test
  void theLargestPayloadIsTaken() throws IOException {
    byte[] most = new byte[4096];
    most[4095] = 1;
    assertThat(reader(Frame.of(Frame.READ, 1, 0, most).encode()).next().payload()).isEqualTo(most);
  }

  @Test
  void aListingMayBeLongerWhereItIsSaid() throws IOException {
    byte[] most = new byte[5_000];
    most[4_999] = 1;
    byte[] bytes = Frame.of(Frame.DIRECTORY, 1, 0, most).encode();
    assertThat(reader(bytes, 10, 30).next().payload()).isEqualTo(most);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(12, 5_001);
    assertThatThrownBy(reader(bytes)::next).hasMessageContaining("at most 5000");
  }

  @ParameterizedTest
  @ValueSource(ints = {4097, 0x1000_0000, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
  void aLargerOneIsNot(int length) {
    byte[] header = Frame.of(Frame.READ, 1, 0, "").encode();
    ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putInt(12, length);
    assertThatThrownBy(reader(header)::next)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(Integer.toUnsignedString(length) + " bytes")
        .hasMessageContaining("READ")
        .hasMessageContaining("4096");
  }
}
