// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;

/**
 * What was counted, printed and kept in a file of the folder that the system property {@code
 * vchan.figures} names, under a head that says when, where and of what. May be used from any
 * thread.
 */
public final class Figures {

  /** Whether the large counts are wanted: the system property {@code vchan.full} is true. */
  public static final boolean FULL = Boolean.getBoolean("vchan.full");

  private final Path file;

  /**
   * Begins a file anew.
   *
   * @param name of the file, without its ending
   * @throws IOException if it cannot be written
   */
  public Figures(String name) throws IOException {
    String place = System.getProperty("vchan.figures", "target/figures");
    Path folder = Files.createDirectories(Path.of(place));
    file = folder.resolve(name + ".txt");
    Files.deleteIfExists(file);
    add(
        "%s, %s, commit %s"
            .formatted(Instant.now().truncatedTo(ChronoUnit.SECONDS), machine(), commit()));
    add("%s counts".formatted(FULL ? "large" : "small"));
  }

  /**
   * Prints and keeps one line.
   *
   * @param line what was counted
   * @throws IOException if the file cannot be written
   */
  public synchronized void add(String line) throws IOException {
    System.out.println(line);
    Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private static String machine() {
    return "%s %s, %d processors, load %.2f, Java %s"
        .formatted(
            System.getProperty("os.name"),
            System.getProperty("os.arch"),
            Runtime.getRuntime().availableProcessors(),
            ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
            Runtime.version());
  }

  private static String commit() throws IOException {
    Process git =
        new ProcessBuilder("git", "describe", "--always", "--dirty")
            .redirectErrorStream(true)
            .start();
    try (var answer = git.inputReader()) {
      String line = answer.readLine();
      return git.waitFor(10, TimeUnit.SECONDS) && git.exitValue() == 0 ? line : "unknown";
    } catch (InterruptedException e) {
      git.destroyForcibly();
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }
}
