// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Needs;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The programs in C, compiled once for all tests of this module. A test that comes here is skipped
 * where the compiler or the headers are missing.
 */
public final class Programs {

  /** Longest life of a program that ends by itself, a watchdog. */
  private static final long PATIENCE_MINUTES = Figures.FULL ? 20 : 1;

  private static final Path MODULE = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
  private static final Path FOLDER = MODULE.resolve("target/native");

  private static final Set<String> COMPILED = new HashSet<>();

  private Programs() {}

  /** An end of a vchan that uses libxenvchan; see its source for what it can be told. */
  static Path peer() throws IOException {
    return compiled("peer/build", "vchan-peer");
  }

  /** To be loaded before the library: counts what it sends, and stops it where it is asked to. */
  static Path probe() throws IOException {
    return compiled("peer/build", "libvchan-probe.so");
  }

  /** Stands in for the libraries of Xen that libxenvchan uses. */
  static Path shim() throws IOException {
    return compiled("xenshim/build", "libvchan-xenshim.so");
  }

  /** Tests of what stands in for Xen's libraries, one for each argument it can be given. */
  static Path shimTest() throws IOException {
    return compiled("xenshim/test/build", "shim-test");
  }

  /** Measures an event of what stands in for Xen beside a byte in a pipe. */
  static Path eventBench() throws IOException {
    return compiled("bench-event/build", "bench-event");
  }

  /** Debian's own program, which joins vchans with Unix sockets; {@code fetch-proxy} gets it. */
  static Path proxy() throws IOException {
    shim();
    Path proxy = MODULE.resolve("target/vchan-socket-proxy");
    Needs.PEERS.met(
        Files.isExecutable(proxy) ? Optional.empty() : Optional.of("vchan-socket-proxy"));
    return proxy;
  }

  /** A program of the system; a test that asks for one is skipped where there is none. */
  static Path onPath(String name) {
    Optional<Path> found =
        Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
            .map(folder -> Path.of(folder, name))
            .filter(Files::isExecutable)
            .findFirst();
    Needs.PEERS.met(found.isPresent() ? Optional.empty() : Optional.of(name));
    return found.orElseThrow();
  }

  /** What a program says that ends by itself, and well. */
  static String run(String name, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(onPath(name).toString()));
    command.addAll(List.of(arguments));
    Outcome outcome = run(command);
    if (outcome.exit() != 0) {
      throw new AssertionError(command + " failed:\n" + outcome.output());
    }
    return outcome.output();
  }

  /**
   * Compiles what stands in for Xen's libraries against their own headers.
   *
   * @return what the compiler said; nothing if it has no objection
   */
  static String compileShimAgainstXensHeaders() throws IOException {
    shim();
    String script = MODULE.resolve("xenshim/build").toString();
    Outcome outcome =
        run(List.of("env", "REAL_HEADERS=1", script, FOLDER.resolve("real-headers").toString()));
    return outcome.exit() == 0 ? outcome.output() : "failed: " + outcome.output();
  }

  /**
   * Changes single bytes of the word at offset 20 atomically, as libxenvchan does.
   *
   * @return the program
   * @throws IOException if it cannot be compiled
   */
  public static Path mixedWidth() throws IOException {
    return compiled("peer/build", "mixed-width");
  }

  private static synchronized Path compiled(String script, String name) throws IOException {
    if (COMPILED.isEmpty()) {
      Needs.PEERS.met(missing());
    }
    if (COMPILED.add(script)) {
      compile(script);
    }
    return FOLDER.resolve(name);
  }

  private static Optional<String> missing() throws IOException {
    Path source = Files.createTempFile("needs", ".c");
    try {
      Files.writeString(source, "#include <libxenvchan.h>\n#include <xenstore.h>\n");
      Outcome outcome = run(List.of("cc", "-fsyntax-only", source.toString()));
      return outcome.exit() == 0
          ? Optional.empty()
          : Optional.of("the headers of libxenvchan (" + outcome.output().strip() + ")");
    } catch (IOException e) {
      return Optional.of("a C compiler (" + e.getMessage() + ")");
    } finally {
      Files.delete(source);
    }
  }

  private static void compile(String script) throws IOException {
    Outcome outcome = run(List.of(MODULE.resolve(script).toString(), FOLDER.toString()));
    if (outcome.exit() != 0) {
      throw new AssertionError(script + " failed:\n" + outcome.output());
    }
  }

  private static Outcome run(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      CompletableFuture<String> output =
          CompletableFuture.supplyAsync(
              () -> output(process), task -> Thread.ofVirtual().start(task));
      if (!process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)) {
        throw new IOException(command + " does not end");
      }
      return new Outcome(process.exitValue(), output.join());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(command + " was interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static String output(Process process) {
    try {
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private record Outcome(int exit, String output) {}
}
