// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A process with an end of a vchan that libxenvchan made. It is told what to do line by line, and
 * answers each line with one. Used by one thread at a time.
 */
final class CPeer implements Peer, AutoCloseable {

  /** What is said when no more answers will come. */
  private static final String ENDED = "ended";

  /** Longer than anything takes that does not hang; most tests are interrupted long before. */
  private static final Duration PATIENCE = Duration.ofMinutes(50);

  private final Process process;
  private final BufferedWriter commands;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private final Thread killer;
  private String last = "-";

  private CPeer(Process process) {
    this.process = process;
    this.commands = process.outputWriter();
    this.killer = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(killer);
    Thread.ofVirtual().start(this::listen);
  }

  /** Starts a process that speaks for a domain in a directory. */
  static CPeer start(Path root, int domain) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(Programs.peer().toString());
    builder.environment().put("LD_PRELOAD", Programs.probe() + ":" + Programs.shim());
    builder.environment().put("VCHAN_DIR", root.toString());
    builder.environment().put("VCHAN_DOMID", "" + domain);
    return new CPeer(builder.redirectError(Redirect.INHERIT).start());
  }

  /** Starts a process in a domain of Xen. */
  static CPeer start(Path program) throws IOException {
    return new CPeer(
        new ProcessBuilder(program.toString()).redirectError(Redirect.INHERIT).start());
  }

  private void listen() {
    try (BufferedReader lines = process.inputReader()) {
      lines.lines().forEach(answers::add);
    } catch (UncheckedIOException | IOException e) {
      answers.add(ENDED + ", " + e);
    } finally {
      answers.add(ENDED);
    }
  }

  @Override
  public void tell(String command) throws IOException {
    last = command;
    commands.write(command);
    commands.newLine();
    commands.flush();
  }

  @Override
  public String answer() throws InterruptedException {
    String answer = answers.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    if (answer == null) {
      throw new AssertionError("no answer to '" + last + "' within " + PATIENCE);
    }
    return answer;
  }

  /** Whether the last thing it was told has been answered. */
  boolean hasAnswered() {
    return !answers.isEmpty();
  }

  @Override
  public String last() {
    return last;
  }

  /** Events its library has sent so far. */
  long eventsSent() throws IOException, InterruptedException {
    return ask("events")[0];
  }

  long pid() {
    return process.pid();
  }

  /** The letter by which the system describes what the process is doing. */
  char state() {
    String stat;
    try {
      stat = Files.readString(Path.of("/proc/" + pid() + "/stat"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return stat.charAt(stat.lastIndexOf(')') + 2);
  }

  /** Sends a signal that Java has no method for. */
  void signal(String name) throws IOException, InterruptedException {
    String command = "kill -" + name + " " + pid();
    int exit = new ProcessBuilder("sh", "-c", command).inheritIO().start().waitFor();
    if (exit != 0) {
      throw new IOException(command + " failed");
    }
  }

  /** Ends the process as {@code kill -9} does. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    awaitEnd();
  }

  /** Lets the process close what it has open and end. */
  @Override
  public void close() throws IOException, InterruptedException {
    commands.close();
    int exit = awaitEnd();
    if (exit != 0 && exit != 128 + 9) {
      throw new AssertionError("vchan-peer ended with " + exit + " after '" + last + "'");
    }
  }

  private int awaitEnd() throws InterruptedException {
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        throw new AssertionError("vchan-peer does not end after '" + last + "'");
      }
      return process.exitValue();
    } finally {
      process.destroyForcibly();
      Runtime.getRuntime().removeShutdownHook(killer);
    }
  }
}
