// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import dev.vchan.bench.work.Answer;
import java.io.IOException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Measures one cell, once. How many bytes a stream has is found out when a cell is first measured,
 * so that each takes about as long; then its bytes are also compared.
 */
final class Measuring {

  private static final long LEAST_BYTES = 64 << 10;
  private static final long MOST_BYTES = 8L << 30;
  private static final int EVENT_TRIPS = 2_000;
  private static final double MEGA = 1e6;

  /** Sleeps of each side. What a channel makes last, it makes at the 17th. */
  private static final int RESTS = 32;

  /** Calls of each side both ways, after which a thread that always calls has its favour. */
  private static final int CALLS_IN_A_ROW = 6_000;

  /** For those of which a call takes long, and which show no favour. */
  private static final int MOST_CALLS_MILLIS = 20;

  /** A stream in which heap is counted has that part of the bytes. */
  private static final int HEAP_PART = 4;

  private final Plan.Times times;
  private final Stage stage;
  private final Processors processors;
  private final Results results;
  private final ManyChannels many;
  private final Map<Cell, Long> bytes = new HashMap<>();
  private final Map<Rival, Set<Placement>> warm = new EnumMap<>(Rival.class);
  private final Set<Rival> warmWithMany = EnumSet.noneOf(Rival.class);
  private final Set<Rival> warmByOpening = EnumSet.noneOf(Rival.class);

  Measuring(Plan.Times times, Stage stage, Processors processors, Results results) {
    this.times = times;
    this.stage = stage;
    this.processors = processors;
    this.results = results;
    this.many = new ManyChannels(times, stage, results);
  }

  /** Measures, and adds what was found to the results. */
  void measure(Cell cell) throws IOException, InterruptedException {
    Pair pair = stage.pair(cell.rival());
    try {
      Placement placement = cell.question().placement();
      place(pair, placement);
      try (Burners burners = Burners.of(placement, processors)) {
        warmUp(cell, pair);
        work(cell, pair);
        burners.check();
      }
    } catch (IOException | RuntimeException e) {
      stage.end(cell.rival());
      warm.remove(cell.rival());
      warmWithMany.remove(cell.rival());
      warmByOpening.remove(cell.rival());
      throw e;
    }
  }

  private void work(Cell cell, Pair pair) throws IOException, InterruptedException {
    switch (cell.question().work()) {
      case STREAM, TOUCH -> stream(cell, pair);
      case TRIP -> trips(cell, pair);
      case EVENT -> events(cell, pair);
      case CONNECT, RUSH -> many.open(cell, pair);
      case IDLE, WAITING -> many.idle(cell, pair);
      case ECHO -> many.echo(cell, pair);
    }
  }

  private void place(Pair pair, Placement placement) throws IOException, InterruptedException {
    if (!processors.impossible().containsKey(placement)) {
      pair.place(placement, processors);
    }
  }

  /**
   * The same work for every contestant, before anything of it is measured: in each placement, since
   * who spins in one of them sleeps in another.
   */
  private void warmUp(Cell cell, Pair pair) throws IOException, InterruptedException {
    Rival rival = cell.rival();
    if (rival.program() != Rival.Program.JAVA || rival == Rival.EVENT) {
      return;
    }
    Work work = cell.question().work();
    if (work.opensMany() && warmByOpening.add(rival)) {
      many.warmUpOpening(pair);
    }
    boolean any = work.isTraffic() || warmAt(rival).isEmpty();
    if (any && warmAt(rival).add(cell.question().placement())) {
      warmUp(rival, cell.question().placement(), pair);
    }
    if (work == Work.ECHO && warmWithMany.add(rival)) {
      many.warmUp(pair);
    }
  }

  private Set<Placement> warmAt(Rival rival) {
    return warm.computeIfAbsent(rival, any -> EnumSet.noneOf(Placement.class));
  }

  private void warmUp(Rival rival, Placement placement, Pair pair)
      throws IOException, InterruptedException {
    stage.open(pair, Plan.USUAL_RING, 1);
    long began = System.nanoTime();
    for (int size : List.of(64, 4 * Plan.KI, 64 * Plan.KI, 64)) {
      long most = times.warmUpMillis() * 1_000_000L / 4;
      long from = System.nanoTime();
      for (long count = LEAST_BYTES;
          System.nanoTime() - from < most;
          count = Math.min(count * 2, 64 << 20)) {
        pair.tell("stream " + size + " " + count + " plain");
      }
    }
    pair.trips(64, times.warmUpMillis() / 4);
    pair.tell("close");
    results.fact(
        "warm-up of " + rival.word() + ", " + placement.word() + ", ms",
        (System.nanoTime() - began) / 1_000_000);
  }

  private void stream(Cell cell, Pair pair) throws IOException, InterruptedException {
    Question question = cell.question();
    stage.open(pair, question.ring(), 1);
    Long known = bytes.get(cell);
    if (known == null) {
      if (cell.rival().shape() != Rival.Shape.ALONE) {
        long some = whole(2L * Math.max(question.ring(), question.size()), question.size());
        pair.tell("stream " + question.size() + " " + some + " check");
      }
      known = calibrated(cell, pair);
      bytes.put(cell, known);
    }
    long count = known;
    ProcessCost before = ProcessCost.of(pair.pids());
    Pair.Answers answers = pair.tell(command(cell, count));
    ProcessCost cost = ProcessCost.of(pair.pids()).since(before);
    if (countsHeap(cell)) {
      countHeap(cell, pair, count);
    }
    pair.tell("close");
    for (Answer answer : answers.all()) {
      if (answer.get("bytes") != count) {
        throw new IOException(cell + ": " + answer + ", expected " + count + " bytes");
      }
    }
    long nanos = answers.asking().get("nanos");
    adjust(cell, count, nanos);
    results.add(cell, Metric.MB_PER_SECOND, count * 1e3 / nanos);
    results.add(cell, Metric.CPU_SECONDS_PER_GB, (double) cost.cpuNanos() / count);
    results.add(cell, Metric.SLEEPS_PER_MB, cost.sleeps() * MEGA / count);
    addEvents(cell, answers.all(), count);
  }

  /**
   * Whoever adds bytes up makes a view of them. Where processors are shared, it is the same code,
   * and resting takes time slices.
   */
  private static boolean countsHeap(Cell cell) {
    return cell.rival().program() == Rival.Program.JAVA
        && cell.question().work() != Work.TOUCH
        && cell.question().placement().hasOneForEach();
  }

  /**
   * Counts what calls allocate, in a stream of its own on a channel that has slept, and on which
   * one thread has called for long. What a channel makes once, when it has slept a few times and
   * when it favours a thread, it would else make anywhere in the stream. The stream whose time is
   * taken must not have slept before.
   */
  private void countHeap(Cell cell, Pair pair, long count)
      throws IOException, InterruptedException {
    pair.tell("rest " + RESTS);
    callInARow(pair);
    long some = whole(Math.max(count / HEAP_PART, LEAST_BYTES), cell.question().size());
    addAllocated(cell, pair.tell(command(cell, some)).all());
  }

  private static void callInARow(Pair pair) throws IOException, InterruptedException {
    pair.tell("trips 1 " + CALLS_IN_A_ROW + " " + MOST_CALLS_MILLIS);
  }

  private static String command(Cell cell, long count) {
    Question question = cell.question();
    String work = question.work() == Work.TOUCH ? "touch" : "plain";
    return "stream " + question.size() + " " + count + " " + work;
  }

  /** How many bytes take about as long as planned. */
  private long calibrated(Cell cell, Pair pair) throws IOException, InterruptedException {
    long wanted = times.streamMillis() * 1_000_000L;
    long count = whole(LEAST_BYTES, cell.question().size());
    for (; ; ) {
      long nanos = pair.tell(command(cell, count)).asking().get("nanos");
      double factor = (double) wanted / Math.max(nanos, 1);
      if (factor < 3 || count == MOST_BYTES) {
        return scaled(cell, count, factor);
      }
      count = scaled(cell, count, Math.min(factor, 16));
    }
  }

  /** Other rounds may find the machine in another state. */
  private void adjust(Cell cell, long count, long nanos) {
    double factor = times.streamMillis() * 1e6 / nanos;
    if (factor > 3 || factor < 0.4) {
      bytes.put(cell, scaled(cell, count, factor));
    }
  }

  private static long scaled(Cell cell, long count, double factor) {
    long least = whole(LEAST_BYTES, cell.question().size());
    return whole(Math.clamp((long) (count * factor), least, MOST_BYTES), cell.question().size());
  }

  private static long whole(long count, int size) {
    return (count + size - 1) / size * size;
  }

  private void addEvents(Cell cell, List<Answer> answers, long count) {
    long events = 0;
    for (Answer answer : answers) {
      if (answer.get("events") < 0) {
        return;
      }
      events += answer.get("events");
    }
    results.add(cell, Metric.EVENTS_PER_MB, events * MEGA / count);
  }

  private void addAllocated(Cell cell, List<Answer> answers) {
    double most = -1;
    for (Answer answer : answers) {
      if (answer.get("allocated") >= 0) {
        most = Math.max(most, (double) answer.get("allocated") / answer.get("calls"));
      }
    }
    if (most >= 0) {
      results.add(cell, Metric.ALLOCATED_PER_CALL, most);
    }
  }

  /** Counts the system calls of a stream that was measured before; counting would slow it down. */
  void countSystemCalls(Cell cell, SystemCalls calls) throws IOException, InterruptedException {
    Long count = bytes.get(cell);
    if (count == null) {
      return;
    }
    Pair pair = stage.pair(cell.rival());
    place(pair, cell.question().placement());
    stage.open(pair, cell.question().ring(), 1);
    long made = calls.of(pair.pids(), () -> pair.tell(command(cell, count)));
    pair.tell("close");
    results.add(cell, Metric.SYSCALLS_PER_MB, made * MEGA / count);
  }

  private void trips(Cell cell, Pair pair) throws IOException, InterruptedException {
    stage.open(pair, cell.question().ring(), 1);
    Question question = cell.question();
    if (countsHeap(cell)) {
      callInARow(pair);
    }
    Answer answer = pair.trips(question.size(), times.tripMillis(question.placement()));
    pair.tell("close");
    addTrips(cell, answer);
    if (countsHeap(cell)) {
      addAllocated(cell, List.of(answer));
    }
  }

  private void addTrips(Cell cell, Answer answer) {
    results.add(cell, Metric.MEAN, answer.get("mean") / 1e3);
    results.add(cell, Metric.P50, answer.get("p50") / 1e3);
    results.add(cell, Metric.P99, answer.get("p99") / 1e3);
    results.add(cell, Metric.P999, answer.get("p999") / 1e3);
  }

  private void events(Cell cell, Pair pair) throws IOException, InterruptedException {
    stage.open(pair, cell.question().ring(), 1);
    Answer answer = pair.tell("trips 1 " + EVENT_TRIPS + " " + Integer.MAX_VALUE).asking();
    pair.tell("close");
    addTrips(cell, answer);
  }
}
