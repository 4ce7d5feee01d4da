// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;

/**
 * Messages from side A to side B and back, one after the other. The first byte marks the last one.
 */
final class TripWork {

  private static final int LARGEST = 1 << 20;
  private static final int MOST = 1 << 20;

  /** Trips before it is counted what calls allocate: a channel has things that it makes once. */
  private static final int UNCOUNTED = 256;

  /** Whoever waits that long has given up spinning, and sleeps. */
  private static final Duration REST = Duration.ofNanos(200_000);

  private final ByteBuffer message = ByteBuffer.allocateDirect(LARGEST);
  private final ByteBuffer answer = ByteBuffer.allocateDirect(LARGEST);
  private final long[] times = new long[MOST];

  Answer ask(End end, int size, int most, long millis) throws IOException {
    fill(size);
    int count = 0;
    long allocated = Allocation.bytes();
    long began = System.nanoTime();
    long before = began;
    for (boolean last = false; !last; count++) {
      if (count == UNCOUNTED) {
        allocated = Allocation.bytes();
        before = System.nanoTime();
      }
      last = count + 1 == Math.min(most, MOST) || before - began > millis * 1_000_000;
      message.put(0, (byte) (last ? 1 : 0)).rewind();
      end.send(message);
      StreamWork.receiveAll(end, answer.clear().limit(size));
      long now = System.nanoTime();
      times[count] = now - before;
      before = now;
    }
    // Too few trips say nothing about what each of them allocates.
    allocated = count < 2 * UNCOUNTED ? -1 : Allocation.bytes() - allocated;
    if (answer.flip().mismatch(message.rewind()) >= 0) {
      throw new IOException("the answer is not what was sent");
    }
    Arrays.sort(times, 0, count);
    return new Answer()
        .with("trips", count)
        .with("mean", (before - began) / count)
        .with("p50", times[count / 2])
        .with("p99", times[(int) (count * 99L / 100)])
        .with("p999", times[(int) (count * 999L / 1000)])
        .with("max", times[count - 1])
        .with("calls", 2L * Math.max(1, count - UNCOUNTED))
        .with("allocated", allocated);
  }

  Answer answer(End end, int size) throws IOException {
    do {
      StreamWork.receiveAll(end, answer.clear().limit(size));
      end.send(answer.flip());
    } while (answer.get(0) == 0);
    return new Answer();
  }

  /** Trips of a byte, with a rest before each message, so that either side sleeps in each trip. */
  Answer rest(End end, Side side, int trips) throws IOException, InterruptedException {
    message.clear().limit(1);
    for (int i = 0; i < trips; i++) {
      if (side == Side.B) {
        StreamWork.receiveAll(end, answer.clear().limit(1));
      }
      Thread.sleep(REST);
      end.send(message.rewind());
      if (side == Side.A) {
        StreamWork.receiveAll(end, answer.clear().limit(1));
      }
    }
    return new Answer();
  }

  private void fill(int size) {
    message.clear().limit(size);
    for (int i = 0; i < size; i++) {
      message.put(i, (byte) i);
    }
  }
}
