// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.doctor;

import dev.vchan.cli.doctor.Finding.Level;
import dev.vchan.cli.run.Compiler;
import dev.vchan.cli.run.Tool;
import dev.vchan.cli.run.XenShim;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Looks at Java, and at what {@code vchan run} needs. */
public final class MachineCheck {

  private static final String LIBXENVCHAN = "libxenvchan.so.";
  private static final String PROXY = "vchan-socket-proxy";

  private static final List<Path> LIBRARIES =
      List.of(Path.of("/usr/local/lib"), Path.of("/usr/lib"), Path.of("/usr/lib64"));

  private MachineCheck() {}

  /**
   * Which Java this is.
   *
   * @return what was found
   */
  public static Finding java() {
    return Finding.ok(
        "Java",
        "%s, %s, on %s %s"
            .formatted(
                Runtime.version(),
                System.getProperty("java.vm.name"),
                System.getProperty("os.name"),
                System.getProperty("os.arch")));
  }

  /**
   * Looks for what is needed to run programs written for Xen's libraries.
   *
   * @return what was found
   */
  public static List<Finding> forRun() {
    return List.of(compiler(), shim(), libxenvchan(), proxy());
  }

  private static Finding compiler() {
    Optional<Compiler> found = Compiler.find();
    if (found.isEmpty()) {
      return Finding.warning("C compiler", "none; vchan run needs one", Compiler.REMEDY);
    }
    try {
      return Finding.ok("C compiler", found.get().version());
    } catch (IOException e) {
      return Finding.of(Level.WARNING, "C compiler", e, Compiler.REMEDY);
    }
  }

  private static Finding shim() {
    try {
      return Finding.ok("stand-in library", XenShim.library().toString());
    } catch (IOException e) {
      return Finding.of(Level.WARNING, "stand-in library", e, Compiler.REMEDY);
    }
  }

  private static Finding libxenvchan() {
    List<Path> found = new ArrayList<>();
    for (Path directory : LIBRARIES) {
      found.addAll(list(directory, LIBXENVCHAN + "*"));
      for (Path below : list(directory, "*-linux-*")) {
        found.addAll(list(below, LIBXENVCHAN + "*"));
      }
    }
    return found.isEmpty()
        ? Finding.warning(
            "libxenvchan",
            "not installed; programs for vchan run need it",
            "apt-get install libxen-dev (names of Debian and Ubuntu)")
        : Finding.ok("libxenvchan", found.getFirst().toString());
  }

  /** It is where no search path goes, since it belongs to a version of the hypervisor. */
  private static Finding proxy() {
    Optional<Path> found =
        Stream.concat(
                Tool.find(PROXY).stream(),
                list(Path.of("/usr/lib"), "xen-*").stream()
                    .map(folder -> folder.resolve("bin").resolve(PROXY))
                    .filter(Files::isExecutable))
            .findFirst();
    return Finding.ok(
        PROXY,
        found.map(Path::toString).orElse("not installed (package xen-utils-4.17); optional"));
  }

  private static List<Path> list(Path directory, String pattern) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, pattern)) {
      files.forEach(found::add);
    } catch (IOException e) {
      // Not every machine has each of them.
      return List.of();
    }
    return found;
  }
}
