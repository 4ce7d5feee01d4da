// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A stream of a known number of bytes from side A to side B, which confirms the last one with a
 * byte. Whoever sends measures from before the first write to after the confirmation.
 */
final class StreamWork {

  /** What streams are read with. */
  static final int READ_BYTES = 64 << 10;

  private static final int LARGEST_WRITE = 1 << 20;

  /** Messages between two looks at how many are left. */
  private static final int CHUNK = 256;

  /**
   * The first part of a stream in which it is not counted what calls allocate: a channel has things
   * that it makes once.
   */
  private static final int UNCOUNTED = 4;

  /** Bytes count up to this and begin again, so that no power of two hides a shift. */
  private static final int PATTERN = 251;

  private final ByteBuffer message = ByteBuffer.allocateDirect(LARGEST_WRITE);
  private final ByteBuffer scratch = ByteBuffer.allocateDirect(READ_BYTES);
  private final ByteBuffer confirmation = ByteBuffer.allocateDirect(1);
  private final long[] sum = new long[1];

  Answer send(End end, int write, long bytes, boolean check) throws IOException {
    message.clear().limit(write);
    long events = end.eventsSent();
    long began = System.nanoTime();
    long first = bytes / write / UNCOUNTED;
    long counted = bytes / write - first;
    sendMessages(end, 0, first, check);
    long allocated = Allocation.bytes();
    sendMessages(end, first, counted, check);
    allocated = Allocation.bytes() - allocated;
    receiveAll(end, confirmation.clear());
    long nanos = System.nanoTime() - began;
    return answer(end, counted, bytes, events, allocated).with("nanos", nanos);
  }

  private void sendMessages(End end, long first, long count, boolean check) throws IOException {
    if (check) {
      for (long i = first; i < first + count; i++) {
        fill(i * message.limit());
        end.send(message.rewind());
      }
    } else {
      for (long left = count; left > 0; left -= CHUNK) {
        end.sendMany(message, (int) Math.min(left, CHUNK));
      }
    }
  }

  Answer take(End end, long bytes, boolean check, boolean touch) throws IOException {
    long events = end.eventsSent();
    long calls = 0;
    long allocated = 0;
    boolean counts = false;
    for (long done = 0; done < bytes; calls++) {
      if (!counts && done >= bytes / UNCOUNTED) {
        counts = true;
        calls = 0;
        allocated = Allocation.bytes();
      }
      scratch.clear().limit((int) Math.min(bytes - done, READ_BYTES));
      int got = check ? end.receive(scratch) : end.take(scratch, sum, touch);
      if (got <= 0) {
        throw new EOFException(done + " of " + bytes + " bytes came");
      }
      if (check) {
        check(done, got);
      }
      done += got;
    }
    allocated = counts ? Allocation.bytes() - allocated : -1;
    end.send(confirmation.clear());
    return answer(end, calls, bytes, events, allocated).with("sum", sum[0] & Integer.MAX_VALUE);
  }

  private static Answer answer(End end, long calls, long bytes, long events, long allocated) {
    return new Answer()
        .with("calls", calls)
        .with("bytes", bytes)
        .with("allocated", allocated)
        .with("events", events < 0 ? -1 : end.eventsSent() - events);
  }

  private void fill(long position) {
    for (int i = 0; i < message.limit(); i++) {
      message.put(i, (byte) ((position + i) % PATTERN));
    }
  }

  private void check(long position, int length) throws IOException {
    for (int i = 0; i < length; i++) {
      if (scratch.get(i) != (byte) ((position + i) % PATTERN)) {
        throw new IOException("byte " + (position + i) + " is wrong");
      }
    }
  }

  static void receiveAll(End end, ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (end.receive(target) <= 0) {
        throw new EOFException("the other side has gone");
      }
    }
  }
}
