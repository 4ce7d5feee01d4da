// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.IOException;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.stream.IntStream;

/** Many threads at once, each of which says how much it has done. */
final class Together {

  private final ExecutorService threads;

  /** Starts nothing yet. */
  Together(ThreadFactory factory) {
    threads = Executors.newThreadPerTaskExecutor(factory);
  }

  /** What each thread does, given its number. */
  @FunctionalInterface
  interface Task {
    long run(int number) throws IOException, InterruptedException;
  }

  /** Starts so many threads, numbered from 0; returns at once. */
  List<Future<Long>> start(int count, Task task) {
    return IntStream.range(0, count)
        .mapToObj(number -> threads.submit(() -> task.run(number)))
        .toList();
  }

  /** What they have done, when all of them are done. */
  static LongSummaryStatistics join(List<Future<Long>> started)
      throws IOException, InterruptedException {
    LongSummaryStatistics done = new LongSummaryStatistics();
    for (Future<Long> task : started) {
      try {
        done.accept(task.get());
      } catch (ExecutionException e) {
        throw new IOException("one of " + started.size() + " threads: " + e.getCause(), e);
      }
    }
    return done;
  }
}
