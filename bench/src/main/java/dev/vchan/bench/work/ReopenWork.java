// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Ends that are opened, let a byte go there and back, and are closed, again and again, by one
 * thread or by several at once.
 */
final class ReopenWork {

  private final Side side;
  private final Contestant contestant;
  private final Together threads;

  ReopenWork(Side side, Contestant contestant) {
    this.side = side;
    this.contestant = contestant;
    this.threads = new Together(Thread.ofPlatform().daemon().factory());
  }

  /** Does it {@code count} times on each thread. */
  Answer run(Path meeting, int ring, int count, int threadCount)
      throws IOException, InterruptedException {
    long began = System.nanoTime();
    long times =
        Together.join(
                threads.start(threadCount, i -> again(Path.of(meeting + "-" + i), ring, count)))
            .getSum();
    return new Answer().with("nanos", System.nanoTime() - began).with("times", times);
  }

  private long again(Path meeting, int ring, int count) throws IOException, InterruptedException {
    ByteBuffer one = ByteBuffer.allocateDirect(1);
    for (int i = 0; i < count; i++) {
      try (End end = contestant.open(side, Path.of(meeting + "-" + i), ring)) {
        if (side == Side.A) {
          end.send(one.clear());
          StreamWork.receiveAll(end, one.clear());
        } else {
          StreamWork.receiveAll(end, one.clear());
          end.send(one.clear());
          // Who has sent the last byte closes last: with some, a close takes it from its reader.
          if (end.receive(one.clear()) > 0) {
            throw new IOException("a byte came that nobody has sent");
          }
        }
      }
    }
    return count;
  }
}
