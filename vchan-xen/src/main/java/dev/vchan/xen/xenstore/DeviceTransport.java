// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's device, in any domain: {@code xenbus_dev_frontend.c} of Linux.
 *
 * <p>Replies come to the open file that sent the request, so one descriptor has to do for both
 * ways. It gets two channels, since a channel that reads holds a lock and would let nobody write
 * meanwhile. Closing one closes the descriptor, the other channel, and ends what blocks in either.
 */
final class DeviceTransport implements Transport {

  private final Path place;

  /** Guarded by this object, as is all below. */
  private @Nullable FileChannel input;

  private @Nullable FileChannel output;
  private boolean closed;

  DeviceTransport(Path place) {
    this.place = place;
  }

  @Override
  @SuppressWarnings("resource") // All of them are one descriptor, which close() closes.
  public void open() throws IOException {
    // Opening a file for writing would make one that is missing, and write to one that is plain.
    BasicFileAttributes found = Files.readAttributes(place, BasicFileAttributes.class);
    if (!found.isOther()) {
      throw new IOException("neither a socket nor a device");
    }
    RandomAccessFile file = new RandomAccessFile(place.toFile(), "rw");
    synchronized (this) {
      input = new FileInputStream(file.getFD()).getChannel();
      output = new FileOutputStream(file.getFD()).getChannel();
      if (closed) {
        input.close();
      }
    }
  }

  /** The kernel's buffer holds header and payload ({@code xenbus_file_priv}). */
  @Override
  public int maxPayload() {
    return Message.MAX_PAYLOAD - Message.HEADER_BYTES;
  }

  @Override
  public int maxListing() {
    return Message.MAX_PAYLOAD;
  }

  /**
   * Kernels before 4.11 answer a watch with id 0 and send events with any id; 4.11 to 4.14 answer
   * with an id of their own (Linux commit 29fee6eed281, "xenbus: track caller request id").
   */
  @Override
  public boolean keepsRequestIds() {
    return false;
  }

  @Override
  public void write(ByteBuffer message) throws IOException {
    FileChannel open = opened(true);
    try {
      while (message.hasRemaining()) {
        open.write(message);
      }
    } catch (IOException e) {
      if (!open.isOpen()) {
        throw e;
      }
      // The kernel drops what it does not take, be it malformed or refused by xenstored.
      throw new RefusedMessage(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    return opened(false).read(target);
  }

  private synchronized FileChannel opened(boolean forOutput) throws IOException {
    FileChannel channel = forOutput ? output : input;
    if (channel == null) {
      throw new AsynchronousCloseException();
    }
    return channel;
  }

  @Override
  public void close() throws IOException {
    FileChannel open;
    synchronized (this) {
      closed = true;
      open = input;
    }
    if (open != null) {
      open.close();
    }
  }
}
