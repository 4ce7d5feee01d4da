// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import dev.vchan.VchanOptions;
import dev.vchan.bench.work.Answer;
import java.io.IOException;

/** Measures what many channels cost and carry, and how fast they are opened. */
final class ManyChannels {

  private static final int MESSAGE = 64;

  /** Whoever waits looks once in a period without being woken; less would miss that. */
  static final int WAITING_MILLIS = (int) VchanOptions.DEFAULTS.lookPeriod().toMillis();

  private static final int SAMPLE_MILLIS = 200;

  /** Two per cent: several times what JVMs take that do nothing. */
  private static final long IDLE_NANOS_A_MILLI = 20_000;

  private final Plan.Times times;
  private final Stage stage;
  private final Results results;

  ManyChannels(Plan.Times times, Stage stage, Results results) {
    this.times = times;
    this.stage = stage;
    this.results = results;
  }

  /** One after the other, or several at once. */
  void open(Cell cell, Pair pair) throws IOException, InterruptedException {
    Question question = cell.question();
    Answer answer =
        pair.tell(
                "reopen %s %d %d %d"
                    .formatted(stage.meeting(), question.ring(), times.reopens(), question.size()))
            .asking();
    results.add(cell, Metric.CONNECTS_PER_SECOND, answer.get("times") * 1e9 / answer.get("nanos"));
  }

  /**
   * So that little is left to compile when they are opened and closed. What compilers take would be
   * counted as the memory and the time of idle channels too.
   */
  void warmUpOpening(Pair pair) throws IOException, InterruptedException {
    pair.tell(
        "reopen %s %d %d 1".formatted(stage.meeting(), Plan.USUAL_RING, times.warmUpReopens()));
  }

  /** So that nothing is left to compile when many of them are in use. */
  void warmUp(Pair pair) throws IOException, InterruptedException {
    stage.open(pair, Plan.USUAL_RING, Plan.SOME);
    pair.tell("echo " + MESSAGE + " " + times.warmUpMillis());
    pair.tell("close");
  }

  /** All of them in use. */
  void echo(Cell cell, Pair pair) throws IOException, InterruptedException {
    Question question = cell.question();
    stage.open(pair, question.ring(), question.size());
    pair.tell("echo " + MESSAGE + " " + times.echoMillis() / 4);
    ProcessCost before = ProcessCost.of(pair.pids());
    Answer answer = pair.tell("echo " + MESSAGE + " " + times.echoMillis()).asking();
    ProcessCost cost = ProcessCost.of(pair.pids()).since(before);
    pair.tell("close");
    double trips = answer.get("trips");
    results.add(cell, Metric.ECHOES_PER_SECOND, trips * 1e9 / answer.get("nanos"));
    results.add(cell, Metric.ECHO_CPU_MICROS, cost.cpuNanos() / 1e3 / trips);
    results.add(cell, Metric.ECHO_FEWEST, answer.get("fewest") * question.size() / trips);
  }

  /** One of them in use, first alone and then beside the others. */
  void idle(Cell cell, Pair pair) throws IOException, InterruptedException {
    Question question = cell.question();
    boolean waiting = question.work() == Work.WAITING;
    stage.open(pair, question.ring(), 1);
    State alone = state(pair, times.idleMillis());
    stage.open(pair, question.ring(), question.size());
    if (waiting) {
      pair.tell("await");
    }
    State among = state(pair, Math.max(times.idleMillis(), waiting ? WAITING_MILLIS : 0));
    if (waiting) {
      pair.tell("wake");
    }
    pair.tell("close");
    double count = question.size();
    ProcessCost more = among.held.since(alone.held);
    results.add(cell, Metric.IDLE_SLOWDOWN, among.tripNanos / alone.tripNanos);
    results.add(cell, Metric.IDLE_CPU_MILLIS, among.cpuMillis - alone.cpuMillis);
    results.add(cell, Metric.IDLE_THREADS, more.threads() / count);
    results.add(cell, Metric.IDLE_DESCRIPTORS, more.descriptors() / count);
    results.add(cell, Metric.IDLE_MEMORY, (among.memory - alone.memory) / count);
    if (alone.heap >= 0) {
      results.add(cell, Metric.IDLE_HEAP, (among.heap - alone.heap) / count);
    }
  }

  /** What a JVM still has to compile is not to be counted. If it does not end soon, it is. */
  private void waitForCompilers(Pair pair) throws IOException, InterruptedException {
    for (int left = times.idleMillis(); left >= SAMPLE_MILLIS; left -= SAMPLE_MILLIS) {
      ProcessCost before = ProcessCost.of(pair.pids());
      Thread.sleep(SAMPLE_MILLIS);
      long nanos = ProcessCost.of(pair.pids()).since(before).cpuNanos();
      if (nanos < SAMPLE_MILLIS * IDLE_NANOS_A_MILLI) {
        return;
      }
    }
  }

  /**
   * What can be said of two processes that have some channels open.
   *
   * @param tripNanos the median round trip through the one that is used
   * @param heap bytes of heap that are in use; negative for those that have none
   * @param memory bytes that are theirs alone, but for those in which their compilers work
   * @param held what else they have
   * @param cpuMillis processor time they take in a second in which nothing is done
   */
  private record State(
      double tripNanos, double heap, double memory, ProcessCost held, double cpuMillis) {}

  private State state(Pair pair, int millis) throws IOException, InterruptedException {
    double tripNanos = pair.trips(MESSAGE, times.tripMillis()).get("p50");
    waitForCompilers(pair);
    double heap = 0;
    double ofCompilers = 0;
    for (Answer answer : pair.tell("settle").all()) {
      heap += answer.get("heap");
      ofCompilers += Math.max(0, answer.get("compilers"));
    }
    ProcessCost held = ProcessCost.of(pair.pids());
    double memory = held.memory() - ofCompilers;
    // To settle is work as well.
    waitForCompilers(pair);
    ProcessCost before = ProcessCost.of(pair.pids());
    long began = System.nanoTime();
    Thread.sleep(millis);
    ProcessCost after = ProcessCost.of(pair.pids());
    double seconds = (System.nanoTime() - began) / 1e9;
    double cpuMillis = after.since(before).cpuNanos() / 1e6 / seconds;
    return new State(tripNanos, heap, memory, held, cpuMillis);
  }
}
