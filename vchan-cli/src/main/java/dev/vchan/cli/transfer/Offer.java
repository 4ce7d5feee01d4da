// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.time.Instant;

/**
 * A file as its sender describes it.
 *
 * @param name as given; whether the receiver takes it is its decision
 * @param size bytes
 * @param mode the nine permission bits
 * @param modified when it was last modified
 */
record Offer(String name, long size, int mode, Instant modified) {

  private static final int FIXED_BYTES = 8 + 8 + 4 + 2;
  private static final int PERMISSIONS = 0777;

  /** About 35,000 years either way: what every file system and class of ours can handle. */
  private static final long MAX_SECONDS = 1L << 40;

  ByteBuffer encode() {
    byte[] bytes = name.getBytes(UTF_8);
    return ByteBuffer.allocate(FIXED_BYTES + bytes.length)
        .putLong(size)
        .putLong(modified.getEpochSecond())
        .putInt(modified.getNano())
        .putShort((short) mode)
        .put(bytes)
        .flip();
  }

  static Offer decode(ByteBuffer body) throws TransferException {
    if (body.remaining() < FIXED_BYTES) {
      throw TransferException.broken("OFFER of " + body.remaining() + " bytes");
    }
    long size = body.getLong();
    long seconds = body.getLong();
    int nanos = body.getInt();
    int mode = body.getShort();
    if (size < 0) {
      throw TransferException.broken("a file of " + Long.toUnsignedString(size) + " bytes");
    }
    if (seconds < -MAX_SECONDS || seconds > MAX_SECONDS || nanos < 0 || nanos > 999_999_999) {
      throw TransferException.broken("a file modified at " + seconds + " s and " + nanos + " ns");
    }
    if ((mode & ~PERMISSIONS) != 0) {
      throw TransferException.broken("a file of mode 0" + Integer.toOctalString(mode & 0xFFFF));
    }
    return new Offer(FileName.decode(body), size, mode, Instant.ofEpochSecond(seconds, nanos));
  }
}
