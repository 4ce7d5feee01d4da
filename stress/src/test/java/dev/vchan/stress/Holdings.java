// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.testkit.LeakCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * What a process holds at one moment, after the collector has run. One line of text carries it from
 * a child process to the test.
 *
 * @param descriptors that are open, without those of jars
 * @param pages mappings of files in which two processes meet
 * @param files in the directory where they meet
 * @param threads of ours, by their names
 * @param allThreads as the kernel counts them, with those of the JVM
 * @param allMappings as the kernel counts them
 * @param residentKiB memory
 */
record Holdings(
    long descriptors,
    long pages,
    long files,
    long threads,
    long allThreads,
    long allMappings,
    long residentKiB) {

  static final String HEAD =
      "%9s %12s %6s %6s %12s %12s %13s %13s"
          .formatted(
              "cycles",
              "descriptors",
              "pages",
              "files",
              "our threads",
              "all threads",
              "all mappings",
              "resident KiB");

  private static final long COLLECTION_NANOS = 100_000_000;
  private static final Path PROC = Path.of("/proc/self");

  static Holdings now(Path root) throws IOException {
    System.gc();
    // Memory that nobody uses any more is freed a moment after it was found.
    LockSupport.parkNanos(COLLECTION_NANOS);
    System.gc();
    return new Holdings(
        LeakCheck.openFiles().size(),
        linesWith(PROC.resolve("maps"), root.toString()),
        files(root),
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("vchan"))
            .count(),
        entries(PROC.resolve("task")),
        linesWith(PROC.resolve("maps"), ""),
        resident());
  }

  private static long entries(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.count();
    }
  }

  private static long linesWith(Path file, String part) throws IOException {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.filter(line -> line.contains(part)).count();
    }
  }

  private static long files(Path root) throws IOException {
    if (!Files.exists(root)) {
      return 0;
    }
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(path -> !Files.isDirectory(path)).count();
    }
  }

  private static long resident() throws IOException {
    try (Stream<String> lines = Files.lines(PROC.resolve("status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow(() -> new NoSuchFileException("VmRSS"));
    }
  }

  /** Whether nothing that can be counted exactly is held beyond what {@code before} has. */
  boolean noMoreThan(Holdings before) {
    return descriptors <= before.descriptors
        && pages <= before.pages
        && files <= before.files
        && threads <= before.threads;
  }

  String line() {
    List<String> numbers = new ArrayList<>();
    for (long number :
        new long[] {descriptors, pages, files, threads, allThreads, allMappings, residentKiB}) {
      numbers.add("" + number);
    }
    return String.join(" ", numbers);
  }

  static Holdings parse(String line) {
    String[] words = line.split(" ");
    long[] numbers = new long[7];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Long.parseLong(words[i]);
    }
    return new Holdings(
        numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6]);
  }

  /** A row below {@link #HEAD}. */
  String row(long cycles) {
    return "%9d %12d %6d %6d %12d %12d %13d %13d"
        .formatted(
            cycles, descriptors, pages, files, threads, allThreads, allMappings, residentKiB);
  }
}
