// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another process, which runs {@link ChildMain} and talks in lines. */
final class ChildProcess implements AutoCloseable {

  private static final long PATIENCE_SECONDS = 60;

  private final Process process;
  private final BufferedReader lines;

  private ChildProcess(Process process) {
    this.process = process;
    this.lines = process.inputReader();
  }

  static ChildProcess start(String... arguments) throws IOException {
    return start(List.of(), arguments);
  }

  /** Starts it behind a prefix such as a shell that sets limits. */
  static ChildProcess start(List<String> prefix, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"));
    command.addAll(List.of("-Xmx128m", "-ea", "--illegal-native-access=deny"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(ChildMain.class.getName());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    return new ChildProcess(builder.start());
  }

  long pid() {
    return process.pid();
  }

  /** Its next line; the test's time limit ends a wait for one that never comes. */
  String line() throws IOException {
    String line = lines.readLine();
    if (line == null) {
      throw new AssertionError("the child process has ended without a word");
    }
    return line;
  }

  /** As SIGKILL does: without warning. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  /** Lets it end by itself. */
  int end() throws IOException, InterruptedException {
    process.outputWriter().close();
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("the child process does not end");
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    try {
      // Closes the streams too.
      process.destroyForcibly().waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
