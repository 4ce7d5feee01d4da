// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A process that is measured: told what to do by lines, which it answers with lines. */
final class WorkerProcess implements AutoCloseable {

  /** Said when no more answers will come. */
  private static final String ENDED = "ended";

  /** Longer than anything takes that does not hang. */
  private static final long PATIENCE_SECONDS = 120;

  private static final long END_SECONDS = 5;

  private final Process process;
  private final BufferedWriter commands;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private final Thread killer;

  /** Starts a process; what it says on standard error goes to ours. */
  WorkerProcess(ProcessBuilder builder) throws IOException {
    process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    commands = process.outputWriter();
    killer = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(killer);
    Thread.ofVirtual().start(this::listen);
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

  long pid() {
    return process.pid();
  }

  void tell(String command) throws IOException {
    commands.write(command);
    commands.newLine();
    commands.flush();
  }

  /** The next line it says. */
  String answer() throws IOException, InterruptedException {
    String answer = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (answer == null) {
      throw new IOException("no answer within " + PATIENCE_SECONDS + " seconds");
    }
    return answer;
  }

  /** Lets it end by itself; if it does not, ends it. */
  @Override
  public void close() {
    try {
      commands.close();
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        kill();
      }
    } catch (IOException e) {
      kill();
    } catch (InterruptedException e) {
      kill();
      Thread.currentThread().interrupt();
    }
    forget(killer);
  }

  /** Ends it at once. */
  void kill() {
    process.destroyForcibly();
    forget(killer);
  }

  /** Takes back what was to be done at the end. */
  static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is ending, and the hook runs.
      return;
    }
  }
}
