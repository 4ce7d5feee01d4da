// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.demo;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;

/**
 * The same work for any channel between two processes: a stream of bytes one way, or messages there
 * and back. One side asks, the other {@linkplain #serve serves}.
 *
 * <p>A request is 8 bytes: a number of bytes to come, which are confirmed with one byte; or, if
 * negative, a number of messages to send back.
 */
public final class Load {

  static final int CHUNK_BYTES = 64 << 10;
  static final int MESSAGE_BYTES = 64;

  private final ByteChannel channel;
  private final ByteBuffer request = ByteBuffer.allocateDirect(Long.BYTES);
  private final ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
  private final ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE_BYTES);
  private final ByteBuffer confirmation = ByteBuffer.allocateDirect(1);

  /**
   * Puts load on a channel.
   *
   * @param channel blocking
   */
  public Load(ByteChannel channel) {
    this.channel = channel;
  }

  /**
   * Sends bytes until the other side has them all.
   *
   * @return nanoseconds it took
   */
  long stream(long bytes) throws IOException {
    long began = System.nanoTime();
    write(request.clear().putLong(bytes).flip());
    for (long left = bytes; left > 0; left -= chunk.limit()) {
      write(chunk.clear().limit((int) Math.min(CHUNK_BYTES, left)));
    }
    read(confirmation.clear());
    return System.nanoTime() - began;
  }

  /**
   * Sends messages, each after the answer to the one before.
   *
   * @return nanoseconds one took on average
   */
  long roundTrips(int count) throws IOException {
    write(request.clear().putLong(-count).flip());
    long began = System.nanoTime();
    for (int i = 0; i < count; i++) {
      write(message.clear());
      read(message.clear());
    }
    return (System.nanoTime() - began) / count;
  }

  /**
   * Does what the other side asks, until it closes.
   *
   * @throws IOException if the channel fails
   */
  public void serve() throws IOException {
    while (channel.read(request.clear()) > 0) {
      read(request);
      long asked = request.flip().getLong();
      for (long left = asked; left > 0; left -= chunk.position()) {
        chunk.clear().limit((int) Math.min(CHUNK_BYTES, left));
        if (channel.read(chunk) < 0) {
          throw new EOFException();
        }
      }
      for (long left = -asked; left > 0; left--) {
        read(message.clear());
        write(message.flip());
      }
      if (asked > 0) {
        write(confirmation.clear());
      }
    }
  }

  private void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private void read(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw new EOFException("the other process has gone");
      }
    }
  }
}
