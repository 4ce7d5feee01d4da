// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;

/** The bytes to read, as a stream. Closing it drains what was written and closes the channel. */
final class VchanInputStream extends InputStream {

  private final Vchan channel;
  private final byte[] single = new byte[1];
  private ByteBuffer last = ByteBuffer.wrap(single);

  VchanInputStream(Vchan channel) {
    this.channel = channel;
  }

  @Override
  public synchronized int read() throws IOException {
    int bytes = read(single, 0, 1);
    return bytes < 0 ? bytes : Byte.toUnsignedInt(single[0]);
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // The very same array, not one with equal bytes.
  public synchronized int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    // Most callers pass the same array again and again; wrapping it anew would be garbage.
    if (last.array() != target) {
      last = ByteBuffer.wrap(target);
    }
    return channel.read(last.limit(offset + length).position(offset));
  }

  @Override
  public int available() throws IOException {
    return channel.dataReady();
  }

  @Override
  public void close() throws IOException {
    channel.drainAndClose();
  }
}
