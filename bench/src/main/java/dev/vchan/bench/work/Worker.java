// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A process that is one side of a contestant, or both, and does what lines on its standard input
 * say. Each is answered by each side with one line, {@code SIDE ok KEY=NUMBER...} or {@code SIDE
 * failed REASON}. {@code bench/native/contest.c} is the same in C. The lines are
 *
 * <ul>
 *   <li>{@code open MEETING RING COUNT}: opens ends; the first is the one that works, the others
 *       are idle
 *   <li>{@code stream WRITE BYTES plain|touch|check}: side A sends, side B takes; it adds up every
 *       byte if it is to touch them, and compares them if it is to check
 *   <li>{@code trips SIZE MOST MILLIS}: side A asks, side B answers
 *   <li>{@code rest TRIPS}: as {@code trips}, but each side rests before it says anything; not in C
 *   <li>{@code reopen MEETING RING COUNT THREADS}: opens an end, lets a byte go there and back,
 *       closes; again and again, on so many threads at once
 *   <li>{@code echo SIZE MILLIS}: on all ends at once side A asks and side B answers, with a
 *       virtual thread for each end
 *   <li>{@code await}: lets a virtual thread wait at each idle end; {@code wake} ends that
 *   <li>{@code settle}: gives back all memory that is not in use; answers how much heap is, and how
 *       much the JVM's compilers have
 *   <li>{@code close}: closes all ends
 * </ul>
 */
public final class Worker {

  private final Side side;
  private final Contestant contestant;
  private final ExecutorService thread;
  private final StreamWork streams = new StreamWork();
  private final TripWork trips = new TripWork();
  private final ManyWork many;
  private final ReopenWork reopens;
  private final List<End> ends = new ArrayList<>();

  private Worker(Side side, Contestant contestant) {
    this.side = side;
    this.contestant = contestant;
    this.thread = thread(side, contestant);
    this.many = new ManyWork(side);
    this.reopens = new ReopenWork(side, contestant);
  }

  /**
   * Works until the end of standard input.
   *
   * @param arguments the contestant's name, and {@code a}, {@code b} or {@code both}
   * @throws IOException if it cannot read
   */
  public static void main(String[] arguments) throws IOException {
    endWithParent();
    List<Worker> workers = new ArrayList<>();
    try (Contestant contestant = Contestants.named(arguments[0])) {
      for (Side side : Side.values()) {
        if (arguments[1].equals("both") || arguments[1].equals(side.word())) {
          workers.add(new Worker(side, contestant));
        }
      }
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        obey(line, workers);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      workers.forEach(worker -> worker.thread.shutdownNow());
    }
  }

  /** A side that spins for the other one would not notice that nobody measures any more. */
  private static void endWithParent() {
    ProcessHandle parent = ProcessHandle.current().parent().orElseThrow();
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              parent.onExit().join();
              Runtime.getRuntime().halt(1);
            });
  }

  /** The thread of a side has its name, by which the measuring process finds it. */
  private static ExecutorService thread(Side side, Contestant contestant) {
    String name = "bench-" + side.word();
    return contestant.isVirtual()
        ? Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name(name).factory())
        : Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name(name).factory());
  }

  /** All sides at once: each waits for the other. */
  private static void obey(String line, List<Worker> workers) throws InterruptedException {
    String[] words = line.split(" ", -1);
    Map<Side, Future<Answer>> answers = new EnumMap<>(Side.class);
    for (Worker worker : workers) {
      answers.put(worker.side, worker.thread.submit(() -> worker.obey(words)));
    }
    for (Map.Entry<Side, Future<Answer>> one : answers.entrySet()) {
      String said;
      try {
        said = one.getValue().get().toString();
      } catch (ExecutionException e) {
        said = "failed " + String.valueOf(e.getCause()).replace('\n', ' ');
      }
      System.out.println(one.getKey().word() + " " + said);
    }
    System.out.flush();
  }

  private Answer obey(String... words) throws IOException, InterruptedException {
    return switch (words[0]) {
      case "open" -> open(Path.of(words[1]), number(words[2]), number(words[3]));
      case "stream" -> stream(number(words[1]), Long.parseLong(words[2]), words[3]);
      case "trips" ->
          side == Side.A
              ? trips.ask(first(), number(words[1]), number(words[2]), number(words[3]))
              : trips.answer(first(), number(words[1]));
      case "rest" -> trips.rest(first(), side, number(words[1]));
      case "reopen" ->
          reopens.run(Path.of(words[1]), number(words[2]), number(words[3]), number(words[4]));
      case "echo" -> many.echo(ends, number(words[1]), number(words[2]));
      case "await" -> many.await(idle());
      case "wake" -> many.wake(idle());
      case "settle" ->
          new Answer()
              .with("heap", Allocation.settledHeap())
              .with("compilers", Allocation.ofCompilers());
      case "close" -> {
        closeAll();
        yield new Answer();
      }
      default -> throw new IOException("unknown command: " + words[0]);
    };
  }

  private static int number(String word) {
    return Integer.parseInt(word);
  }

  private End first() throws IOException {
    if (ends.isEmpty()) {
      throw new IOException("nothing is open");
    }
    return ends.getFirst();
  }

  private List<End> idle() {
    return ends.subList(1, ends.size());
  }

  private Answer stream(int write, long bytes, String work) throws IOException {
    boolean check = work.equals("check");
    return side == Side.A
        ? streams.send(first(), write, bytes, check)
        : streams.take(first(), bytes, check, work.equals("touch"));
  }

  private Answer open(Path meeting, int ring, int count) throws IOException, InterruptedException {
    for (int i = 0; i < count; i++) {
      ends.add(contestant.open(side, Path.of(meeting + "-" + i), ring));
    }
    return new Answer();
  }

  private void closeAll() throws IOException {
    IOException failure = null;
    for (End end : ends) {
      try {
        end.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    ends.clear();
    if (failure != null) {
      throw failure;
    }
  }
}
