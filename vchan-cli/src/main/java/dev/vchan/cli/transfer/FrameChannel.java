// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vchan.Deadline;
import dev.vchan.PeerClosedException;
import dev.vchan.PeerDiedException;
import dev.vchan.Vchan;
import dev.vchan.VchanException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Frames over a channel: length of the body (4 bytes, big-endian), type (1 byte), body. What comes
 * is checked before anything is done with it; a body is never longer than its type allows.
 *
 * <p>For one thread.
 */
final class FrameChannel {

  private static final int HEADER_BYTES = 5;

  private final Vchan channel;
  private final @Nullable Duration patience;
  private final ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
  private final ByteBuffer outHeader = ByteBuffer.allocate(HEADER_BYTES);
  private final ByteBuffer body = ByteBuffer.allocate(FrameType.DATA.limit);
  private final ByteBuffer[] frame = new ByteBuffer[2];

  /**
   * Makes frames of a channel.
   *
   * @param patience how long a read may wait for the other side to go on, null for as long as it
   *     takes
   */
  FrameChannel(Vchan channel, @Nullable Duration patience) {
    this.channel = channel;
    this.patience = patience;
  }

  /**
   * Reads the next frame; {@link #body} is its body until the next read.
   *
   * @return its type; never FAIL, which is thrown
   * @throws TransferException if the other side failed, or what comes is no frame
   * @throws PeerClosedException if the other side closed, even between two frames: it says BYE when
   *     it means to leave
   */
  FrameType read() throws IOException {
    readFully(header.clear());
    int length = header.flip().getInt();
    FrameType type = FrameType.of(header.get());
    if (length < 0 || length > type.limit) {
      throw TransferException.broken(
          "%s of %d bytes, at most %d".formatted(type, Integer.toUnsignedLong(length), type.limit));
    }
    readFully(body.clear().limit(length));
    body.flip();
    if (type == FrameType.FAIL) {
      throw TransferException.failedThere(bodyText());
    }
    return type;
  }

  /** Reads the next frame, which must be of one type. */
  ByteBuffer expect(FrameType type) throws IOException {
    FrameType found = read();
    if (found != type) {
      throw TransferException.broken(found + " where " + type + " was due");
    }
    return body;
  }

  /** The body of the last frame that was read. */
  ByteBuffer body() {
    return body;
  }

  /** The body as text that is safe to show. */
  String bodyText() {
    byte[] bytes = new byte[body.remaining()];
    body.get(bytes);
    return FileName.printable(new String(bytes, UTF_8));
  }

  private void readFully(ByteBuffer target) throws IOException {
    Deadline deadline = patience == null ? Deadline.NEVER : Deadline.after(patience);
    while (target.hasRemaining()) {
      if (channel.read(target, deadline) < 0) {
        throw TransferException.failedThere("it has closed in the middle of the transfer");
      }
    }
  }

  void write(FrameType type, ByteBuffer content) throws IOException {
    frame[0] = outHeader.clear().putInt(content.remaining()).put((byte) type.number).flip();
    frame[1] = content;
    try {
      channel.write(frame);
    } catch (PeerClosedException | PeerDiedException e) {
      throw whyItLeft(e);
    }
  }

  /** A peer that fails says why before it closes; that is better to know than that it closed. */
  private IOException whyItLeft(VchanException e) {
    try {
      while (true) {
        read();
      }
    } catch (TransferException said) {
      return said;
    } catch (IOException nothingSaid) {
      return e;
    }
  }

  void write(FrameType type) throws IOException {
    write(type, ByteBuffer.allocate(0));
  }

  void write(FrameType type, String text) throws IOException {
    ByteBuffer content = UTF_8.encode(text);
    write(type, content.limit(Math.min(content.limit(), type.limit)));
  }

  /** Tells the other side why this one gives up, if it still listens. */
  void tellFailure(String reason) {
    try {
      ByteBuffer content = UTF_8.encode(reason);
      content.limit(Math.min(content.limit(), FrameType.FAIL.limit));
      outHeader.clear().putInt(content.remaining()).put((byte) FrameType.FAIL.number).flip();
      ByteBuffer whole = ByteBuffer.allocate(HEADER_BYTES + content.remaining());
      // Without waiting: a peer that does not read what it is told must not hold us up.
      channel.trySend(whole.put(outHeader).put(content).flip());
    } catch (IOException | IllegalArgumentException e) {
      // It has gone, or its ring has no room for a farewell: it will see the close.
      return;
    }
  }

  /** Whether the other side has said something that can be read without waiting. */
  boolean hasNews() throws IOException {
    return channel.dataReady() > 0;
  }
}
