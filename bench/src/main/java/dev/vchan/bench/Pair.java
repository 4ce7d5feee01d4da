// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import dev.vchan.bench.work.Answer;
import dev.vchan.bench.work.Side;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The one or two processes of a contestant, which stay from its first measurement to its last. */
final class Pair implements AutoCloseable {

  private static final long PLACING_SECONDS = 10;
  private static final int PLACING_TRIES = 5;
  private static final int WARM_UP_TRIPS = 2_000;
  private static final int MOST_TRIPS = 100_000;

  private final Rival rival;
  private final List<WorkerProcess> processes;
  private @Nullable Placement placement;

  Pair(Rival rival, List<WorkerProcess> processes) {
    this.rival = rival;
    this.processes = processes;
  }

  List<Long> pids() {
    return processes.stream().map(WorkerProcess::pid).toList();
  }

  /**
   * What the sides answered.
   *
   * @param asking side A's answer, which has the times
   * @param all the answers of all sides
   */
  record Answers(Answer asking, List<Answer> all) {}

  /** Tells all sides the same, and waits for their answers. */
  Answers tell(String command) throws IOException, InterruptedException {
    for (WorkerProcess process : processes) {
      process.tell(command);
    }
    List<Answer> answers = new ArrayList<>();
    for (WorkerProcess process : processes) {
      int sides = rival.shape() == Rival.Shape.INSIDE ? 2 : 1;
      for (int i = 0; i < sides; i++) {
        String said = process.answer();
        try {
          answers.add(Answer.parse(said.substring(said.indexOf(' ') + 1)));
        } catch (IllegalArgumentException e) {
          throw new IOException(rival.label() + ", told '" + command + "', said: " + said, e);
        }
      }
    }
    // Processes are asked in the order of their sides, and one with both answers in that order.
    return new Answers(answers.getFirst(), answers);
  }

  /** Round trips through the channel that is used, after some that do not count. */
  Answer trips(int size, int millis) throws IOException, InterruptedException {
    tell("trips " + size + " " + WARM_UP_TRIPS + " " + millis / 4);
    return tell("trips " + size + " " + MOST_TRIPS + " " + millis).asking();
  }

  /** Puts both sides on their processors. */
  void place(Placement wanted, Processors processors) throws IOException, InterruptedException {
    if (wanted == placement) {
      return;
    }
    for (int i = 0; i < processes.size(); i++) {
      long pid = processes.get(i).pid();
      placeAllThreads(processors.of(wanted, i), pid);
      if (rival.shape() == Rival.Shape.INSIDE && wanted == Placement.PINNED) {
        // The thread of a side is made when it is told something for the first time.
        tell("settle");
        for (Side side : Side.values()) {
          long thread = ProcessCost.thread(pid, "bench-" + side.word());
          run("taskset", "-c", "-p", processors.of(wanted, side == Side.A ? 0 : 1), "" + thread);
        }
      }
    }
    placement = wanted;
  }

  /** Again where a thread has ended while they were gone through, at which taskset gives up. */
  private static void placeAllThreads(String list, long pid)
      throws IOException, InterruptedException {
    for (int left = PLACING_TRIES; ; left--) {
      try {
        run("taskset", "-a", "-c", "-p", list, "" + pid);
        return;
      } catch (IOException e) {
        if (left == 1) {
          throw e;
        }
      }
    }
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    if (!process.waitFor(PLACING_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(String.join(" ", command) + " failed");
    }
  }

  /** Ends the processes at once, after a failure. */
  void kill() {
    processes.forEach(WorkerProcess::kill);
  }

  @Override
  public void close() {
    processes.forEach(WorkerProcess::close);
  }
}
