// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The other work of a busy machine: for each processor a process that does nothing but use it.
 * Linux ends one by itself when it has used a processor for {@value #MOST_SECONDS} seconds,
 * whatever becomes of us.
 */
final class Burners implements AutoCloseable {

  /** More than any measurement lasts. */
  static final int MOST_SECONDS = 120;

  private final List<Process> processes = new CopyOnWriteArrayList<>();
  private final Thread killer = new Thread(this::kill);

  /** Returns when every one of them has begun. */
  private Burners(List<Integer> processors) throws IOException {
    Runtime.getRuntime().addShutdownHook(killer);
    try {
      for (int processor : processors) {
        processes.add(
            new ProcessBuilder(
                    "taskset",
                    "-c",
                    "" + processor,
                    "sh",
                    "-c",
                    "ulimit -t " + MOST_SECONDS + " && echo begun && while :; do :; done")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
      }
      for (Process process : processes) {
        if (process.getInputStream().read() < 0) {
          throw new IOException("process " + process.pid() + " cannot keep a processor busy");
        }
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /** As many as a placement wants; none for most. */
  static Burners of(Placement placement, Processors processors) throws IOException {
    return new Burners(placement == Placement.LOADED ? processors.numbers() : List.of());
  }

  List<Process> processes() {
    return processes;
  }

  /** Fails if one has ended, and what was measured meanwhile does not count. */
  void check() throws IOException {
    for (Process process : processes) {
      if (!process.isAlive()) {
        throw new IOException("process " + process.pid() + " no longer keeps a processor busy");
      }
    }
  }

  private void kill() {
    processes.forEach(Process::destroyForcibly);
  }

  @Override
  public void close() {
    kill();
    try {
      for (Process process : processes) {
        process.waitFor();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    WorkerProcess.forget(killer);
  }
}
