// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a reader of figures has to know of the machine. */
final class Machine {

  private static final double BUSY = 0.5;

  private Machine() {}

  /** Notes what this machine is. */
  static void describe(Results results, Processors processors) throws IOException {
    results.fact("processor", processor());
    results.fact("processors", processors.numbers().size());
    results.fact("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    results.fact("java", Runtime.version());
  }

  private static String processor() throws IOException {
    return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
        .filter(line -> line.startsWith("model name"))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse(System.getProperty("os.arch"));
  }

  /** How many threads wanted a processor in the last minute, on average. */
  static double load() throws IOException {
    String text = Files.readString(Path.of("/proc/loadavg"));
    return Double.parseDouble(text.substring(0, text.indexOf(' ')));
  }

  /** Whether somebody else wanted the processors when a run began. */
  static boolean isBusy(Results results) {
    return Double.parseDouble(results.facts().getOrDefault("load before", "0")) > BUSY;
  }

  /** How much of the time the processors of the machine were busy since a sample. */
  static double busy(List<Long> before, List<Long> now) {
    long total = now.get(0) - before.get(0);
    return total == 0 ? 0 : 1 - (double) (now.get(1) - before.get(1)) / total;
  }

  /** Ticks so far, and the idle ones among them. */
  static List<Long> ticks() throws IOException {
    String[] words = Files.readAllLines(Path.of("/proc/stat")).getFirst().split(" +", -1);
    long total = 0;
    for (int i = 1; i <= 8; i++) {
      total += Long.parseLong(words[i]);
    }
    return List.of(total, Long.parseLong(words[4]) + Long.parseLong(words[5]));
  }
}
