// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.demo;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Other processes that run this same command. They end with this one. */
public final class Children implements AutoCloseable {

  private static final long PATIENCE_SECONDS = 120;

  private final List<Process> running = new ArrayList<>();

  /** Starts none yet. */
  public Children() {}

  /**
   * Starts a process.
   *
   * @param main of the command
   * @param error where its standard error goes
   * @param arguments of the command
   * @return the process
   * @throws IOException if it cannot be started
   */
  public synchronized Process start(Class<?> main, Redirect error, String... arguments)
      throws IOException {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.add("-XX:+UseSerialGC");
    line.addAll(program(main));
    line.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(line).redirectError(error).redirectOutput(Redirect.DISCARD).start();
    running.add(process);
    return process;
  }

  /** As this process was started itself. */
  private static List<String> program(Class<?> main) {
    Module module = main.getModule();
    return module.isNamed()
        ? List.of(
            "--module-path",
            System.getProperty("jdk.module.path"),
            "--module",
            module.getName() + "/" + main.getName())
        : List.of("-cp", System.getProperty("java.class.path"), main.getName());
  }

  /**
   * Waits for a process to end.
   *
   * @param process one of these
   * @return its exit code
   * @throws IOException if it does not end for two minutes
   */
  public int await(Process process) throws IOException {
    try {
      if (process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        return process.exitValue();
      }
      throw new IOException("the other process does not end");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Ends those that still run. May be called from any thread. */
  public synchronized void end() {
    running.forEach(Process::destroy);
  }

  @Override
  public void close() {
    end();
  }
}
