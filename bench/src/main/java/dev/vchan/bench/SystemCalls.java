// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Counts the system calls of processes, with {@code perf}. Counting costs time, so it is never done
 * while time is measured.
 */
final class SystemCalls {

  private static final String EVENT = "raw_syscalls:sys_enter";
  private static final long PATIENCE_SECONDS = 20;

  private final Path folder;

  /**
   * Counts nothing yet.
   *
   * @param folder for the pipes by which {@code perf} is told
   */
  SystemCalls(Path folder) {
    this.folder = folder;
  }

  /** What is counted. */
  interface Deed {
    void run() throws IOException, InterruptedException;
  }

  /** Why they cannot be counted here, if they cannot. */
  static Optional<String> missing() throws IOException, InterruptedException {
    if (Programs.onPath("perf").isEmpty()) {
      return Optional.of("perf is missing (apt-get install linux-perf)");
    }
    Process process =
        new ProcessBuilder("perf", "stat", "-x,", "-e", EVENT, "true")
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    boolean done = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
    process.destroyForcibly();
    return done && process.exitValue() == 0 && count(said).isPresent()
        ? Optional.empty()
        : Optional.of("perf may not count them here (as root, or with tracefs readable)");
  }

  /** How many some processes make while something is done. */
  long of(List<Long> pids, Deed deed) throws IOException, InterruptedException {
    Path control = pipe("perf-control");
    Path reply = pipe("perf-reply");
    Process perf =
        new ProcessBuilder(
                "perf",
                "stat",
                "-x,",
                "-e",
                EVENT,
                "-D",
                "-1",
                "--control",
                "fifo:" + control + "," + reply,
                "-p",
                pids.stream().map(String::valueOf).collect(Collectors.joining(",")))
            .redirectErrorStream(true)
            .start();
    try (BufferedWriter commands = Files.newBufferedWriter(control);
        BufferedReader replies = Files.newBufferedReader(reply)) {
      tell(commands, replies, "enable");
      deed.run();
      tell(commands, replies, "disable");
      interrupt(perf);
      String said = new String(perf.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return count(said).orElseThrow(() -> new IOException("perf said: " + said));
    } finally {
      perf.destroy();
      Files.deleteIfExists(control);
      Files.deleteIfExists(reply);
    }
  }

  /** The only way in which it ends and says what it has counted. */
  private static void interrupt(Process perf) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-INT", "" + perf.pid()).inheritIO().start().waitFor();
  }

  private static void tell(BufferedWriter commands, BufferedReader replies, String command)
      throws IOException {
    commands.write(command + "\n");
    commands.flush();
    String reply = replies.readLine();
    if (reply == null || !reply.contains("ack")) {
      throw new IOException("perf, told '" + command + "', said: " + reply);
    }
  }

  private Path pipe(String name) throws IOException, InterruptedException {
    Path path = folder.resolve(name);
    Files.deleteIfExists(path);
    int exit = new ProcessBuilder("mkfifo", path.toString()).inheritIO().start().waitFor();
    if (exit != 0) {
      throw new IOException("mkfifo " + path + " failed");
    }
    return path;
  }

  /** The number in a line of perf's table. */
  static Optional<Long> count(String table) {
    return table
        .lines()
        .filter(line -> line.contains(EVENT))
        .map(line -> line.substring(0, line.indexOf(',')))
        .filter(number -> number.chars().allMatch(Character::isDigit))
        .map(Long::parseLong)
        .findFirst();
  }
}
