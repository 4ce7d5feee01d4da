// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** One end of a contestant. Used by one thread at a time. */
abstract class End implements AutoCloseable {

  /** Sends all of a buffer. */
  abstract void send(ByteBuffer bytes) throws IOException;

  /**
   * Receives what there is, waiting for one byte at least.
   *
   * @return number of bytes, or -1 at the end
   */
  abstract int receive(ByteBuffer target) throws IOException;

  /** Sends the same message several times, from its beginning to its limit. */
  void sendMany(ByteBuffer message, int times) throws IOException {
    for (int i = 0; i < times; i++) {
      message.rewind();
      send(message);
    }
  }

  /**
   * Takes bytes of a stream nobody keeps.
   *
   * @param scratch where they may be put, to the limit
   * @param sum where to add them up, if every byte is to be touched
   * @return number of bytes, or -1 at the end
   */
  int take(ByteBuffer scratch, long[] sum, boolean touch) throws IOException {
    int from = scratch.position();
    int got = receive(scratch);
    if (touch && got > 0) {
      sum[0] += sum(scratch, from, got);
    }
    return got;
  }

  /** Events this end has sent so far; -1 if that is not known. */
  long eventsSent() {
    return -1;
  }

  @Override
  public abstract void close() throws IOException;

  /**
   * Every byte once, eight at a time as far as 32 are left, in four sums which the processor adds
   * up at once: with one it would be the adding that is measured.
   */
  static long sum(ByteBuffer bytes, int from, int length) {
    ByteBuffer words = bytes.duplicate().order(ByteOrder.nativeOrder());
    long a = 0;
    long b = 0;
    long c = 0;
    long d = 0;
    int i = from;
    int end = from + length;
    for (; i <= end - 4 * Long.BYTES; i += 4 * Long.BYTES) {
      a += words.getLong(i);
      b += words.getLong(i + Long.BYTES);
      c += words.getLong(i + 2 * Long.BYTES);
      d += words.getLong(i + 3 * Long.BYTES);
    }
    for (; i < end; i++) {
      a += words.get(i);
    }
    return a + b + c + d;
  }
}
