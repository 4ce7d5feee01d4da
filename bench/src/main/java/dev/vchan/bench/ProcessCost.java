// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What processes have used so far, by what Linux says in {@code /proc}. Times are kept by thread: a
 * thread that ends, as a compiler does that has nothing to do, must not take its time out of a sum.
 *
 * @param cpuNanosOf processor time of each thread
 * @param sleepsOf how often each thread gave up the processor by itself
 * @param threads how many threads there are
 * @param descriptors how many files and sockets are open
 * @param memory bytes that are there and belong to the process alone: no shared memory, no files
 */
record ProcessCost(
    Map<Long, Long> cpuNanosOf,
    Map<Long, Long> sleepsOf,
    long threads,
    long descriptors,
    long memory) {

  private static final String SLEEPS = "voluntary_ctxt_switches:";
  private static final String MEMORY = "RssAnon:";

  static ProcessCost of(List<Long> pids) throws IOException {
    Map<Long, Long> cpuNanosOf = new HashMap<>();
    Map<Long, Long> sleepsOf = new HashMap<>();
    long ended = 0;
    long descriptors = 0;
    long memory = 0;
    for (long pid : pids) {
      int others = cpuNanosOf.size();
      for (Path task : list("/proc/" + pid + "/task")) {
        try {
          String times = Files.readString(task.resolve("schedstat"));
          long thread = Long.parseLong(task.getFileName().toString());
          sleepsOf.put(thread, number(task, SLEEPS));
          cpuNanosOf.put(thread, Long.parseLong(times.substring(0, times.indexOf(' '))));
        } catch (IOException e) {
          // A thread that has ended meanwhile has no more files; a process always has some thread.
          ended++;
        }
      }
      if (cpuNanosOf.size() == others) {
        throw new IOException("process " + pid + " has ended, with " + ended + " threads");
      }
      descriptors += list("/proc/" + pid + "/fd").size();
      memory += number(Path.of("/proc/" + pid), MEMORY) * 1024;
    }
    return new ProcessCost(cpuNanosOf, sleepsOf, cpuNanosOf.size(), descriptors, memory);
  }

  /** Processor time of all threads. */
  long cpuNanos() {
    return sum(cpuNanosOf);
  }

  /** How often all threads together gave up the processor by themselves. */
  long sleeps() {
    return sum(sleepsOf);
  }

  private static long sum(Map<Long, Long> figures) {
    return figures.values().stream().mapToLong(Long::longValue).sum();
  }

  /** The difference; without what threads did that have ended since. */
  ProcessCost since(ProcessCost before) {
    return new ProcessCost(
        since(cpuNanosOf, before.cpuNanosOf),
        since(sleepsOf, before.sleepsOf),
        threads - before.threads,
        descriptors - before.descriptors,
        memory - before.memory);
  }

  private static Map<Long, Long> since(Map<Long, Long> now, Map<Long, Long> before) {
    Map<Long, Long> more = new HashMap<>();
    now.forEach((thread, figure) -> more.put(thread, figure - before.getOrDefault(thread, 0L)));
    return more;
  }

  /** What the status of a process or a thread says, without the unit. */
  private static long number(Path task, String name) throws IOException {
    for (String line : Files.readAllLines(task.resolve("status"))) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.substring(name.length()).replace("kB", "").strip());
      }
    }
    throw new IOException(task + " does not say: " + name);
  }

  /** The thread of a process that has a name. */
  static long thread(long pid, String name) throws IOException {
    for (Path task : list("/proc/" + pid + "/task")) {
      if (Files.readString(task.resolve("comm")).strip().equals(name)) {
        return Long.parseLong(task.getFileName().toString());
      }
    }
    throw new IOException("process " + pid + " has no thread " + name);
  }

  private static List<Path> list(String folder) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of(folder))) {
      List<Path> paths = new ArrayList<>();
      entries.forEach(paths::add);
      return paths;
    }
  }
}
