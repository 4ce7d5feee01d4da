// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What processes have used so far, by what Linux says in {@code /proc}.
 *
 * @param cpuNanos processor time of all their threads
 * @param sleeps how often their threads gave up the processor by themselves
 * @param threads how many threads there are
 * @param descriptors how many files and sockets are open
 * @param memory bytes that are there and belong to the process alone: no shared memory, no files
 */
record ProcessCost(long cpuNanos, long sleeps, long threads, long descriptors, long memory) {

  private static final String SLEEPS = "voluntary_ctxt_switches:";
  private static final String MEMORY = "RssAnon:";

  static ProcessCost of(List<Long> pids) throws IOException {
    long cpuNanos = 0;
    long sleeps = 0;
    long threads = 0;
    long ended = 0;
    long descriptors = 0;
    long memory = 0;
    for (long pid : pids) {
      for (Path task : list("/proc/" + pid + "/task")) {
        try {
          String times = Files.readString(task.resolve("schedstat"));
          sleeps += number(task, SLEEPS);
          cpuNanos += Long.parseLong(times.substring(0, times.indexOf(' ')));
          threads++;
        } catch (IOException e) {
          // A thread that has ended meanwhile has no more files; a process always has some thread.
          ended++;
        }
      }
      if (threads == 0) {
        throw new IOException("process " + pid + " has ended, with " + ended + " threads");
      }
      descriptors += list("/proc/" + pid + "/fd").size();
      memory += number(Path.of("/proc/" + pid), MEMORY) * 1024;
    }
    return new ProcessCost(cpuNanos, sleeps, threads, descriptors, memory);
  }

  ProcessCost since(ProcessCost before) {
    return new ProcessCost(
        cpuNanos - before.cpuNanos,
        sleeps - before.sleeps,
        threads - before.threads,
        descriptors - before.descriptors,
        memory - before.memory);
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
