// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.run;

import dev.vchan.SystemRefusedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Whether a program can be run with what stands in for Xen's libraries. */
public final class XenProgram {

  private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

  /** As the loader lists what a program needs. */
  private static final Pattern MISSING = Pattern.compile("(?m)^\\s*(libxen\\S+) => not found");

  private static final Pattern WITH_VERSION = Pattern.compile("libxen[a-z]+\\.so\\.(\\d+\\.\\d+)");
  private static final Pattern WITH_NUMBER = Pattern.compile("(libxen[a-z]+)\\.so\\.(\\d+)");

  private XenProgram() {}

  /**
   * Looks for what the loader would not find.
   *
   * @param program a file
   * @return what to tell the user about a program that will run, but not as he hopes
   * @throws SystemRefusedException if libraries of Xen are missing
   * @throws IOException if the file cannot be read
   */
  public static Optional<String> check(Path program) throws IOException {
    Optional<Path> ldd = Tool.find("ldd");
    if (ldd.isEmpty() || !isElf(program)) {
      return Optional.empty();
    }
    String needed =
        Tool.run(Map.of(), List.of(ldd.get().toString(), program.toAbsolutePath().toString()))
            .said();
    Set<String> missing = new TreeSet<>();
    Matcher matcher = MISSING.matcher(needed);
    while (matcher.find()) {
      missing.add(matcher.group(1));
    }
    if (!missing.isEmpty()) {
      throw new SystemRefusedException(
          program.toString(),
          "needs " + String.join(", ", missing) + ", which is not there",
          "apt-get install " + packages(missing) + " (names of Debian and Ubuntu)");
    }
    return needed.contains("not a dynamic executable") || needed.contains("statically linked")
        ? Optional.of(program + " is statically linked: nothing can be loaded into it")
        : Optional.empty();
  }

  private static boolean isElf(Path program) throws IOException {
    try (InputStream in = Files.newInputStream(program)) {
      return Arrays.equals(in.readNBytes(ELF.length), ELF);
    }
  }

  private static String packages(Set<String> libraries) {
    Set<String> packages = new TreeSet<>();
    for (String library : libraries) {
      Matcher version = WITH_VERSION.matcher(library);
      Matcher number = WITH_NUMBER.matcher(library);
      if (version.matches()) {
        packages.add("libxenmisc" + version.group(1));
      } else if (number.matches()) {
        packages.add(number.group(1) + number.group(2));
      }
    }
    return String.join(" ", packages);
  }
}
