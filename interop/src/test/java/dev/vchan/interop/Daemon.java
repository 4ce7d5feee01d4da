// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A program that runs until it is stopped, as those do that serve others. */
final class Daemon implements AutoCloseable {

  private static final long PATIENCE_SECONDS = 60;

  private final Process process;
  private final Path said;
  private final Thread killer;

  /**
   * Starts a program.
   *
   * @param said the file that has what it says, on both its outputs
   * @param environment added to that of this process, from which all that is about vchans is taken
   */
  Daemon(Path said, Map<String, String> environment, List<String> command) throws IOException {
    this.said = said;
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("VCHAN_"));
    builder.environment().putAll(environment);
    process = builder.start();
    killer = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(killer);
  }

  /** What it has said so far. */
  String said() {
    try {
      return Files.readString(said);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Stops it by SIGTERM; that it still ran proves that nothing was wrong by its own lights. */
  @Override
  public void close() throws InterruptedException {
    boolean ran = process.isAlive();
    process.destroy();
    try {
      boolean ends = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertThat(ran).as("ended by itself, with %s: %s", process, said()).isTrue();
      assertThat(ends).as("ends when it is told to: %s", process).isTrue();
    } finally {
      process.destroyForcibly();
      Runtime.getRuntime().removeShutdownHook(killer);
    }
  }
}
