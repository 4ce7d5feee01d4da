// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.run;

import dev.vchan.SystemRefusedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The C compiler of the system.
 *
 * @param command its first words, of which the first is a file
 */
public record Compiler(List<String> command) {

  /** How to come by one. */
  public static final String REMEDY = "apt-get install gcc libc6-dev";

  private static final List<String> USUAL = List.of("cc", "gcc", "clang");

  /**
   * Finds one.
   *
   * @return {@code $CC} if that is set, else the first of the usual names that there is
   */
  public static Optional<Compiler> find() {
    String named = System.getenv("CC");
    List<String> names = named == null || named.isBlank() ? USUAL : List.of(named);
    for (String name : names) {
      List<String> words = new ArrayList<>(List.of(name.strip().split("\\s+")));
      Optional<Path> file = Tool.find(words.getFirst());
      if (file.isPresent()) {
        words.set(0, file.get().toAbsolutePath().toString());
        return Optional.of(new Compiler(List.copyOf(words)));
      }
    }
    return Optional.empty();
  }

  /**
   * What it says of itself.
   *
   * @return one line
   * @throws IOException if it cannot be run
   */
  public String version() throws IOException {
    return Tool.run(Map.of(), with("--version")).said().lines().findFirst().orElse("of no version");
  }

  /** Compiles, or says what is wrong. */
  void compile(List<String> arguments) throws IOException {
    Tool.Outcome outcome = Tool.run(Map.of(), with(arguments.toArray(String[]::new)));
    if (outcome.exitCode() != 0) {
      throw new SystemRefusedException(
          String.join(" ", command),
          outcome.said().strip(),
          "the compiler and the headers of the C library are needed: " + REMEDY);
    }
  }

  private List<String> with(String... arguments) {
    List<String> line = new ArrayList<>(command);
    line.addAll(List.of(arguments));
    return line;
  }
}
