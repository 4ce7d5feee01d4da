// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of files. */
public final class Sha256 {

  /** Length of a sum. */
  static final int BYTES = 32;

  private static final int BUFFER_BYTES = 1 << 18;

  private Sha256() {}

  static MessageDigest create() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Told while it goes on. */
  interface Listener {
    void hashed(int bytes) throws IOException;
  }

  /**
   * Hashes the first bytes of a file; the digest goes on from there.
   *
   * @param listener told of each piece; what it throws ends the work
   * @return the sum so far
   */
  static byte[] ofPrefix(FileChannel file, long bytes, MessageDigest digest, Listener listener)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    for (long position = 0; position < bytes; ) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), bytes - position));
      int read = file.read(buffer, position);
      if (read < 0) {
        throw new EOFException("the file became shorter");
      }
      digest.update(buffer.array(), 0, read);
      position += read;
      listener.hashed(read);
    }
    try {
      return ((MessageDigest) digest.clone()).digest();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("the JDK's SHA-256 can be cloned", e);
    }
  }

  /**
   * Hashes a whole file.
   *
   * @param file which
   * @return its SHA-256
   * @throws IOException if it cannot be read
   */
  public static byte[] of(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return ofPrefix(channel, channel.size(), create(), _ -> {});
    }
  }
}
