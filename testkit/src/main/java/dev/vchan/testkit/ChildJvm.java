// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A process that runs a main of the tests. It ends with this object, with its time or with this
 * process, whichever comes first. What it says on standard error is repeated on ours. Used by one
 * thread.
 */
public final class ChildJvm implements AutoCloseable {

  private final String name;
  private final Process process;
  private final Thread killer;
  private final BufferedReader output;
  private final BufferedWriter input;

  /**
   * Starts the process.
   *
   * @param mutant folder with changed classes, which come before those of this process
   * @param lifetime when it is killed in any case
   * @param main what it runs
   * @param arguments for that
   * @throws IOException if it cannot be started
   */
  public ChildJvm(Optional<Path> mutant, Duration lifetime, Class<?> main, String... arguments)
      throws IOException {
    this(List.of(), mutant, lifetime, main, arguments);
  }

  /**
   * Starts the process with options of its JVM.
   *
   * @param options of the JVM
   * @param mutant folder with changed classes, which come before those of this process
   * @param lifetime when it is killed in any case
   * @param main what it runs
   * @param arguments for that
   * @throws IOException if it cannot be started
   */
  public ChildJvm(
      List<String> options,
      Optional<Path> mutant,
      Duration lifetime,
      Class<?> main,
      String... arguments)
      throws IOException {
    String path = System.getProperty("java.class.path");
    if (mutant.isPresent()) {
      path = mutant.get() + File.pathSeparator + path;
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-ea", "--illegal-native-access=deny", "-XX:+UseSerialGC", "-Xmx256m"));
    command.addAll(options);
    command.addAll(List.of("-cp", path, main.getName()));
    command.addAll(List.of(arguments));
    name = main.getSimpleName() + " " + String.join(" ", arguments);
    process = new ProcessBuilder(command).start();
    output = process.inputReader();
    input = process.outputWriter();
    killer = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(killer);
    Thread.ofVirtual().start(this::repeatErrors);
    Thread.ofVirtual().start(() -> endAfter(lifetime));
  }

  private void repeatErrors() {
    try (BufferedReader errors = process.errorReader()) {
      errors.lines().forEach(line -> System.err.println(name + ": " + line));
    } catch (IOException | UncheckedIOException e) {
      System.err.println(name + ": standard error ended: " + e);
    }
  }

  private void endAfter(Duration lifetime) {
    try {
      if (!process.waitFor(lifetime.toMillis(), TimeUnit.MILLISECONDS)) {
        System.err.println(name + ": killed, since it has not ended within " + lifetime);
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
    }
  }

  /**
   * The next line the process says. Waits for it.
   *
   * @return the line; empty when the process has ended
   * @throws IOException if it cannot be read
   */
  public Optional<String> line() throws IOException {
    return Optional.ofNullable(output.readLine());
  }

  /**
   * Says a line to the process.
   *
   * @param line what to say
   * @throws IOException if it does not listen any more
   */
  public void tell(String line) throws IOException {
    input.write(line);
    input.newLine();
    input.flush();
  }

  /**
   * Whether the process has not ended.
   *
   * @return true while it runs
   */
  public boolean isAlive() {
    return process.isAlive();
  }

  /**
   * The process.
   *
   * @return its number
   */
  public long pid() {
    return process.pid();
  }

  /** Which main it runs, with what. */
  @Override
  public String toString() {
    return name;
  }

  /** Ends the process by SIGKILL, at once; a second call does nothing. */
  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
    Runtime.getRuntime().removeShutdownHook(killer);
  }
}
