// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Makes messages of a stream of bytes, however it is torn. Used by one thread. */
final class MessageReader {

  /** Where the bytes come from; {@link java.nio.channels.ReadableByteChannel#read}. */
  interface Source {
    int read(ByteBuffer target) throws IOException;
  }

  private final Source source;
  private final int maxListing;

  /** What was read and not used yet, ready to be taken out. */
  private final ByteBuffer buffer =
      ByteBuffer.allocate(Message.HEADER_BYTES + Message.MAX_PAYLOAD)
          .order(ByteOrder.nativeOrder())
          .flip();

  /**
   * Reads messages.
   *
   * @param source where from
   * @param maxListing largest payload of a {@link MessageType#DIRECTORY}
   */
  MessageReader(Source source, int maxListing) {
    this.source = source;
    this.maxListing = maxListing;
  }

  /**
   * Waits for the next message.
   *
   * @throws IOException if the stream ends, fails, or announces a payload that no message has: what
   *     would follow cannot be told from the next header then, so the stream is of no use any more
   */
  Message next() throws IOException {
    while (buffer.remaining() < Message.HEADER_BYTES) {
      buffer.compact();
      try {
        read(buffer, 0);
      } finally {
        buffer.flip();
      }
    }
    int type = buffer.getInt();
    int requestId = buffer.getInt();
    int transactionId = buffer.getInt();
    int length = buffer.getInt();
    int limit = type == MessageType.DIRECTORY.number ? maxListing : Message.MAX_PAYLOAD;
    if (Integer.compareUnsigned(length, limit) > 0) {
      throw new IOException(
          "a message of "
              + Integer.toUnsignedString(length)
              + " bytes was announced ("
              + MessageType.name(type)
              + "), at most "
              + limit
              + " are legal");
    }
    return new Message(type, requestId, transactionId, payload(length));
  }

  private byte[] payload(int length) throws IOException {
    byte[] payload = new byte[length];
    int buffered = Math.min(length, buffer.remaining());
    buffer.get(payload, 0, buffered);
    ByteBuffer rest = ByteBuffer.wrap(payload).position(buffered);
    while (rest.hasRemaining()) {
      read(rest, Message.HEADER_BYTES);
    }
    return payload;
  }

  /** Reads some bytes; {@code taken} bytes of the message came before those in the target. */
  private void read(ByteBuffer target, int taken) throws IOException {
    if (source.read(target) < 0) {
      int bytes = taken + target.position();
      throw new EOFException(
          bytes == 0
              ? "xenstored closed it"
              : "xenstored closed it in the middle of a message, after " + bytes + " bytes of it");
    }
  }
}
