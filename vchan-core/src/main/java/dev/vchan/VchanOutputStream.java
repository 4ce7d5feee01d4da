// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;

/** The bytes to write, as a stream. Closing it drains what was written and closes the channel. */
final class VchanOutputStream extends OutputStream {

  private final Vchan channel;
  private final byte[] single = new byte[1];
  private ByteBuffer last = ByteBuffer.wrap(single);

  VchanOutputStream(Vchan channel) {
    this.channel = channel;
  }

  @Override
  public synchronized void write(int value) throws IOException {
    single[0] = (byte) value;
    write(single, 0, 1);
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // The very same array, not one with equal bytes.
  public synchronized void write(byte[] source, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, source.length);
    // Most callers pass the same array again and again; wrapping it anew would be garbage.
    if (last.array() != source) {
      last = ByteBuffer.wrap(source);
    }
    channel.write(last.limit(offset + length).position(offset));
  }

  @Override
  public void close() throws IOException {
    channel.drainAndClose();
  }
}
