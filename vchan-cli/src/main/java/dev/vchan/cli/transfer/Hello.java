// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** The first frame of each side: that it speaks this protocol, which version, and which role. */
final class Hello {

  private static final byte[] MAGIC = "vchan-file".getBytes(US_ASCII);
  private static final short VERSION = 2;

  /** What a side is. */
  enum Role {
    SENDER(1),
    RECEIVER(2);

    private final byte number;

    Role(int number) {
      this.number = (byte) number;
    }
  }

  private Hello() {}

  /** Exchanges hellos; both sides speak at once. */
  static void exchange(FrameChannel frames, Role own) throws IOException {
    frames.write(
        FrameType.HELLO,
        ByteBuffer.allocate(MAGIC.length + 3).put(MAGIC).putShort(VERSION).put(own.number).flip());
    ByteBuffer body = frames.expect(FrameType.HELLO);
    byte[] magic = new byte[Math.min(MAGIC.length, body.remaining())];
    body.get(magic);
    if (!Arrays.equals(magic, MAGIC) || body.remaining() != 3) {
      throw TransferException.broken("it is not 'vchan send' or 'vchan receive'");
    }
    int version = body.getShort();
    if (version != VERSION) {
      throw TransferException.broken("version " + version + ", we speak " + VERSION);
    }
    if (body.get() == own.number) {
      throw TransferException.broken(
          "it is a " + (own == Role.SENDER ? "sender" : "receiver") + " as well");
    }
  }
}
