// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.run;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Programs of the system: where they are, and what they say. */
public final class Tool {

  private static final long PATIENCE_SECONDS = 120;

  private Tool() {}

  /** How a program ended, and what it said on both its outputs. */
  record Outcome(int exitCode, String said) {}

  /**
   * Finds a program as a shell does.
   *
   * @param name with a slash, the file itself; without one, looked for in {@code $PATH}
   * @return the file, whether or not it may be executed; empty if there is none
   */
  public static Optional<Path> find(String name) {
    if (name.contains("/")) {
      return Optional.of(Path.of(name)).filter(Files::isRegularFile);
    }
    String path = System.getenv("PATH");
    if (name.isEmpty() || path == null) {
      return Optional.empty();
    }
    for (String directory : path.split(File.pathSeparator, -1)) {
      Path file = Path.of(directory.isEmpty() ? "." : directory, name);
      if (Files.isRegularFile(file) && Files.isExecutable(file)) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  /** Runs a program without input to its end. */
  static Outcome run(Map<String, String> environment, List<String> line) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(line.getFirst() + " does not end");
      }
      return new Outcome(process.exitValue(), said);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }
}
