// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * What this process holds, after a collection.
 *
 * @param descriptors how many are open
 * @param mappings of pages in the directory of the backend
 * @param threads of ours, but for virtual ones
 * @param heap bytes in use
 * @param resident bytes of memory in all
 */
record Footprint(long descriptors, long mappings, long threads, long heap, long resident) {

  private static final long MEBI = 1 << 20;

  static Footprint of(Path root) throws IOException {
    System.gc();
    long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"));
        Stream<String> maps = Files.lines(Path.of("/proc/self/maps"));
        Stream<String> status = Files.lines(Path.of("/proc/self/status"))) {
      String resident = status.filter(line -> line.startsWith("VmRSS:")).findAny().orElseThrow();
      return new Footprint(
          descriptors.count(),
          maps.filter(line -> line.contains(root.toString())).count(),
          ourThreads(),
          heap,
          Long.parseLong(resident.replaceAll("[^0-9]", "")) << 10);
    }
  }

  /** By their names alone: a dump of busy virtual threads may end the JVM (25.0.3). */
  private static long ourThreads() {
    return Arrays.stream(ManagementFactory.getThreadMXBean().dumpAllThreads(false, false, 0))
        .filter(thread -> thread.getThreadName().startsWith("vchan"))
        .count();
  }

  /** Whether nothing is held that was not held at {@code first}. */
  boolean holdsNoMoreThan(Footprint first) {
    return descriptors <= first.descriptors
        && mappings <= first.mappings
        && threads <= first.threads;
  }

  /** Whether the memory is that of {@code first}, but for what the JVM does by itself. */
  boolean isNoLargerThan(Footprint first, long moreHeap, long moreResident) {
    return heap - first.heap <= moreHeap && resident - first.resident <= moreResident;
  }

  @Override
  public String toString() {
    return "%d descriptors, %d mappings, %d threads, %.1f MiB heap, %d MiB resident"
        .formatted(descriptors, mappings, threads, (double) heap / MEBI, resident / MEBI);
  }
}
