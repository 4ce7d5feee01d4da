// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vchan.Deadline;
import dev.vchan.PeerClosedException;
import dev.vchan.PeerDiedException;
import dev.vchan.Vchan;
import dev.vchan.VchanTimeoutException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Frames over a channel: length of the body (4 bytes, big-endian), type (1 byte), body. What comes
 * is checked before anything is done with it; a body is never longer than its type allows.
 *
 * <p>For one thread.
 */
final class FrameChannel {

  /** How often a side that works, and says nothing else, says so. */
  static final Duration BUSY_INTERVAL = Duration.ofMillis(100);

  /** After how many of them a person is told what is being waited for. */
  static final int LONG_BUSY = 5;

  private static final int HEADER_BYTES = 5;

  private final Vchan channel;
  private final @Nullable Duration patience;
  private final ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
  private final ByteBuffer outHeader = ByteBuffer.allocate(HEADER_BYTES);
  private final ByteBuffer body = ByteBuffer.allocate(FrameType.DATA.limit);

  /** Whether the last frame went out in part only, so that no other can follow. */
  private boolean torn;

  /**
   * Makes frames of a channel.
   *
   * @param patience how long the other side may neither say nor take a byte, null for as long as it
   *     likes
   */
  FrameChannel(Vchan channel, @Nullable Duration patience) {
    this.channel = channel;
    this.patience = patience;
  }

  /** As {@link #readAny}, but waits while the other side is BUSY. */
  FrameType read() throws IOException {
    return read(() -> {});
  }

  /**
   * As {@link #readAny}, but waits while the other side is BUSY.
   *
   * @param whenLong run once if that takes so long that a person should know
   */
  FrameType read(Runnable whenLong) throws IOException {
    for (int busy = 0; ; busy++) {
      FrameType type = readAny();
      if (type != FrameType.BUSY) {
        return type;
      }
      if (busy == LONG_BUSY) {
        whenLong.run();
      }
    }
  }

  /**
   * Reads the next frame; {@link #body} is its body until the next read.
   *
   * @return its type; never FAIL, which is thrown
   * @throws TransferException if the other side failed, was silent for too long, died, or closed,
   *     even between two frames: it says BYE when it means to leave; or if what comes is no frame
   */
  FrameType readAny() throws IOException {
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
    return expect(type, () -> {});
  }

  /** As {@link #expect(FrameType)}; see {@link #read(Runnable)}. */
  ByteBuffer expect(FrameType type, Runnable whenLong) throws IOException {
    FrameType found = read(whenLong);
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
    try {
      while (target.hasRemaining()) {
        if (channel.read(target, deadline()) < 0) {
          throw TransferException.gone("closed in the middle of the transfer");
        }
      }
    } catch (PeerDiedException e) {
      throw TransferException.gone("died");
    } catch (VchanTimeoutException e) {
      throw silent();
    }
  }

  /** For one byte at least: whoever goes on, however slowly, is not silent. */
  private Deadline deadline() {
    return patience == null ? Deadline.NEVER : Deadline.after(patience);
  }

  private TransferException silent() {
    Duration waited = Objects.requireNonNull(patience);
    tellFailure("it heard nothing for " + Figures.patience(waited));
    return TransferException.silent(waited);
  }

  void write(FrameType type, ByteBuffer content) throws IOException {
    torn = true;
    try {
      writeFully(outHeader.clear().putInt(content.remaining()).put((byte) type.number).flip());
      writeFully(content);
    } catch (PeerClosedException | PeerDiedException e) {
      throw whyItLeft();
    } catch (VchanTimeoutException e) {
      throw silent();
    }
    torn = false;
  }

  private void writeFully(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.awaitWritable(1, deadline());
      channel.tryWrite(bytes);
    }
  }

  /** A peer that fails says why before it closes; that is better to know than that it closed. */
  private IOException whyItLeft() {
    try {
      while (true) {
        readAny();
      }
    } catch (IOException said) {
      return said;
    }
  }

  /** Says that this side is at work, although it says nothing else. */
  void writeBusy() throws IOException {
    write(FrameType.BUSY);
  }

  /**
   * Does what may take the disk long, and lets the other side know that it is being done. Returns
   * when it is, also if the other side leaves meanwhile.
   */
  void doBusily(DiskWork work) throws IOException {
    FutureTask<Boolean> task =
        new FutureTask<>(
            () -> {
              work.run();
              return true;
            });
    Thread.ofPlatform().name("disk").start(task);
    IOException left = null;
    while (!isDone(task)) {
      try {
        if (left == null) {
          writeBusy();
        }
      } catch (IOException e) {
        left = e;
      }
    }
    if (left != null) {
      throw left;
    }
  }

  private static boolean isDone(FutureTask<Boolean> task) throws IOException {
    try {
      return task.get(BUSY_INTERVAL.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClosedByInterruptException();
    }
  }

  /** Work with a file. */
  interface DiskWork {
    void run() throws IOException;
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
    if (torn) {
      // It would be taken for the rest of the frame.
      return;
    }
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
