// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The programs in C, compiled from the repository when a run begins. */
final class Programs {

  private static final long COMPILE_SECONDS = 60;

  private static final String REMEDY = " (apt-get install gcc libc6-dev libxen-dev)";

  private final Path repository;
  private final Path folder;

  /**
   * Compiles nothing yet.
   *
   * @param repository where the sources are
   * @param folder where programs go
   */
  Programs(Path repository, Path folder) {
    this.repository = repository;
    this.folder = folder;
  }

  /** Compiles what a contestant needs; says what is missing, and the remedy. */
  Optional<String> missing(Rival.Program program) throws IOException, InterruptedException {
    return switch (program) {
      case JAVA -> Optional.empty();
      case SYSTEM -> build("contest-system", "bench/native", "system");
      case XEN -> {
        Optional<String> missing = build("contest-vchan", "bench/native", "vchan");
        if (missing.isEmpty()) {
          missing = build("libvchan-probe.so", "interop/peer");
        }
        yield missing.isEmpty() ? build("bench-event", "interop/bench-event") : missing;
      }
    };
  }

  private Optional<String> build(String program, String sources, String... words)
      throws IOException, InterruptedException {
    if (isCurrent(program, sources)) {
      return Optional.empty();
    }
    String script = sources + "/build";
    List<String> command =
        Stream.concat(
                Stream.of(repository.resolve(script).toString(), folder.toString()),
                Stream.of(words))
            .toList();
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(COMPILE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return Optional.of(script + " does not end");
      }
      return process.exitValue() == 0
          ? Optional.empty()
          : Optional.of(script + ": " + firstError(said) + REMEDY);
    } catch (IOException e) {
      return Optional.of(script + ": " + e.getMessage() + REMEDY);
    }
  }

  /** Whether neither the sources nor those of the stand-in for Xen's libraries are newer. */
  private boolean isCurrent(String program, String sources) throws IOException {
    if (!Files.exists(path(program))) {
      return false;
    }
    FileTime made = Files.getLastModifiedTime(path(program));
    for (String one : List.of(sources, "interop/xenshim")) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(repository.resolve(one))) {
        for (Path file : files) {
          if (Files.getLastModifiedTime(file).compareTo(made) > 0) {
            return false;
          }
        }
      }
    }
    return true;
  }

  private static String firstError(String said) {
    return said.lines().filter(line -> line.contains("error")).findFirst().orElse(said.strip());
  }

  /** One of the programs. */
  Path path(String name) {
    return folder.resolve(name);
  }

  /** A program of the system, if there is one. */
  static Optional<Path> onPath(String name) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
        .map(entry -> Path.of(entry, name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
