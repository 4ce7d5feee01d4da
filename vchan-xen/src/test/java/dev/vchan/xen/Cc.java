// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The C compiler, for what tests need besides Java. */
public final class Cc {

  private static final String NAME = "cc";

  private Cc() {}

  /**
   * What is missing of it.
   *
   * @return its name; nothing if it is there
   */
  public static Optional<String> missing() {
    return Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, NAME)))
        ? Optional.empty()
        : Optional.of(NAME);
  }

  /**
   * Compiles a file of this module's.
   *
   * @param source its name
   * @param target what to make
   * @param options for the compiler
   */
  public static void compile(String source, Path target, String... options) throws Exception {
    List<String> command =
        new ArrayList<>(List.of(NAME, "-std=c11", "-Wall", "-Wextra", "-Werror"));
    command.addAll(List.of(options));
    command.addAll(List.of("-o", target.toString(), "src/test/c/" + source));
    Process process = new ProcessBuilder(command).inheritIO().start();
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new AssertionError("failed: " + command);
    }
  }
}
