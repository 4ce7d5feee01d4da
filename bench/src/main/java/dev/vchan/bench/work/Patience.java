// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.IOException;
import java.time.Duration;

/** Tries again what needs the other side to have come. */
final class Patience {

  /** The other JVM may be slow to start on a busy machine. */
  static final Duration LIMIT = Duration.ofSeconds(60);

  private static final Duration PAUSE = Duration.ofNanos(500_000);

  private Patience() {}

  /** What may fail because the other side is not there yet. */
  interface Attempt<T> {
    T run() throws IOException;
  }

  /** The first success, or the failure after a minute. */
  static <T> T until(Attempt<T> attempt) throws IOException, InterruptedException {
    long began = System.nanoTime();
    for (; ; ) {
      try {
        return attempt.run();
      } catch (IOException e) {
        if (System.nanoTime() - began > LIMIT.toNanos()) {
          throw e;
        }
        Thread.sleep(PAUSE);
      }
    }
  }
}
