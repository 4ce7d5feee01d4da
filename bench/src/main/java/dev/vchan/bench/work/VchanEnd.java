// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import dev.vchan.BulkCopy;
import dev.vchan.Deadline;
import dev.vchan.Vchan;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Our endpoint, used in the plain way; the other ways change what they are about. */
class VchanEnd extends End {

  final Vchan channel;

  VchanEnd(Vchan channel) {
    this.channel = channel;
  }

  @Override
  void send(ByteBuffer bytes) throws IOException {
    channel.write(bytes);
  }

  @Override
  int receive(ByteBuffer target) throws IOException {
    return channel.read(target);
  }

  @Override
  long eventsSent() {
    return channel.counters().eventsSent();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** Never waits inside a call: tries again and again. */
  static final class Polling extends VchanEnd {

    Polling(Vchan channel) {
      super(channel);
    }

    @Override
    void send(ByteBuffer bytes) throws IOException {
      while (bytes.hasRemaining()) {
        if (channel.tryWrite(bytes) == 0) {
          Thread.onSpinWait();
        }
      }
    }

    @Override
    int receive(ByteBuffer target) throws IOException {
      for (; ; ) {
        int got = channel.tryRead(target);
        if (got != 0) {
          return got;
        }
        Thread.onSpinWait();
      }
    }
  }

  /** Fills the ring itself, and looks at the bytes where they lie, a quarter of it at a time. */
  static class ZeroCopy extends VchanEnd {

    /** Who fills or empties a whole ring at once makes the other side wait meanwhile. */
    private static final int PIECES_A_RING = 4;

    /** So many bytes' lines are fetched at once: more do not stay, fewer do not fill the time. */
    private static final int FETCHED_BYTES = 2 << 10;

    private static final int LINE = 64;

    private final int mostOut;
    private final int mostIn;

    ZeroCopy(Vchan channel) {
      super(channel);
      this.mostOut = channel.outgoingCapacity() / PIECES_A_RING;
      this.mostIn = channel.incomingCapacity() / PIECES_A_RING;
    }

    @Override
    void send(ByteBuffer bytes) throws IOException {
      while (bytes.hasRemaining()) {
        ByteBuffer space = channel.reserve(Deadline.NEVER);
        int some = Math.min(mostOut, Math.min(space.remaining(), bytes.remaining()));
        fill(space, bytes, some);
        bytes.position(bytes.position() + some);
        channel.commit(some);
      }
    }

    void fill(ByteBuffer space, ByteBuffer bytes, int some) {
      space.put(0, bytes, bytes.position(), some);
    }

    @Override
    int receive(ByteBuffer target) throws IOException {
      ByteBuffer there = channel.peek(Deadline.NEVER);
      if (!there.hasRemaining()) {
        return -1;
      }
      int some = Math.min(mostIn, Math.min(there.remaining(), target.remaining()));
      target.put(target.position(), there, there.position(), some);
      target.position(target.position() + some);
      channel.consume(some);
      return some;
    }

    /** Who reads in place has no other way to touch the bytes: always added up. */
    @Override
    int take(ByteBuffer scratch, long[] sum, boolean touch) throws IOException {
      ByteBuffer there = channel.peek(Deadline.NEVER);
      if (!there.hasRemaining()) {
        return -1;
      }
      int some = Math.min(mostIn, Math.min(there.remaining(), scratch.remaining()));
      int from = there.position();
      for (int done = 0; done < some; done += FETCHED_BYTES) {
        int bytes = Math.min(FETCHED_BYTES, some - done);
        // Put somewhere, or a compiler would leave it out.
        scratch.put(0, (byte) fetch(there, from + done, bytes));
        sum[0] += sum(there, from + done, bytes);
      }
      channel.consume(some);
      return some;
    }

    /**
     * Reads a word of each line, so that lines come from the processor that has written them many
     * at a time, and not each when its first byte is needed. A copy does so by itself.
     *
     * @return something that depends on them all
     */
    private static long fetch(ByteBuffer bytes, int from, int length) {
      long any = 0;
      for (int i = from; i <= from + length - Long.BYTES; i += LINE) {
        any ^= bytes.getLong(i);
      }
      return any;
    }
  }

  /** Fills the ring by the C library's copy. */
  static final class ZeroCopyByLibc extends ZeroCopy {

    private final BulkCopy memcpy;

    ZeroCopyByLibc(Vchan channel, BulkCopy memcpy) {
      super(channel);
      this.memcpy = memcpy;
    }

    @Override
    void fill(ByteBuffer space, ByteBuffer bytes, int some) {
      memcpy.copy(bytes, bytes.position(), MemorySegment.ofBuffer(space), 0, some);
    }
  }

  /** Writes up to sixteen messages with one call. */
  static final class Batched extends VchanEnd {

    private static final int MOST = 16;

    private final ByteBuffer[] batch = new ByteBuffer[MOST];

    Batched(Vchan channel) {
      super(channel);
    }

    /** The copies of the message are made once for many calls. */
    @Override
    void sendMany(ByteBuffer message, int times) throws IOException {
      for (int i = 0; i < MOST; i++) {
        batch[i] = message.duplicate();
      }
      for (int left = times; left > 0; ) {
        int some = Math.min(left, MOST);
        for (int i = 0; i < some; i++) {
          batch[i].position(0).limit(message.limit());
        }
        channel.write(batch, 0, some);
        left -= some;
      }
    }
  }
}
