// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.DomainId;
import dev.vchan.testkit.Needs;
import dev.vchan.testkit.Watchdog;
import dev.vchan.xen.Cc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A real daemon: the one behind the socket or device that the property {@code vchan.xenstore} or
 * the variable {@code VCHAN_XENSTORE} names, else Xen's own C daemon, run without Xen, with its
 * socket in a directory of its own.
 */
public interface RealXenstored extends AutoCloseable {

  /** Who may be given nodes where nobody looks whether there is such a domain. */
  List<DomainId> ANY = IntStream.range(0, 9).mapToObj(DomainId::new).toList();

  /** Those of {@link #ANY}, or dom0 and the domain that the property {@code vchan.domain} names. */
  static List<DomainId> domains() {
    Integer named = Integer.getInteger("vchan.domain");
    return named == null ? ANY : List.of(DomainId.DOM0, new DomainId(named));
  }

  /** How much random work; little where processors are emulated. */
  static int steps() {
    return Integer.getInteger("vchan.domain") == null ? StoreModel.STEPS : 200;
  }

  /**
   * Whether it is the daemon that is written in OCaml; the property {@code vchan.daemon} says so.
   */
  static boolean isOxenstored() {
    return "oxenstored".equals(System.getProperty("vchan.daemon"));
  }

  /** Where it is reached. */
  Path place();

  @Override
  void close() throws Exception;

  /** Finds or starts one, or skips the test where there is none. */
  static RealXenstored start() throws Exception {
    String running = System.getProperty("vchan.xenstore", System.getenv("VCHAN_XENSTORE"));
    return running != null ? new Running(Path.of(running)) : Own.start();
  }

  /** One that others started. */
  record Running(Path place) implements RealXenstored {
    @Override
    public void close() {}
  }

  /** One that the test started. */
  record Own(Path directory, Process process) implements RealXenstored {

    static Own start() throws Exception {
      Optional<Path> program = find();
      Needs.XEN.met(program.isEmpty() ? Optional.of("xenstored") : Cc.missing());
      Path directory = Files.createTempDirectory("xs");
      Path library = directory.resolve("no-xen.so");
      Cc.compile("no-xen.c", library, "-shared", "-fPIC", "-O1");
      ProcessBuilder builder =
          new ProcessBuilder(program.orElseThrow().toString(), "-N")
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("log").toFile());
      builder
          .environment()
          .putAll(
              Map.of(
                  "LD_PRELOAD", library.toString(),
                  "XENSTORED_RUNDIR", directory.toString(),
                  "XENSTORED_PATH", directory.resolve("socket").toString()));
      Own started = new Own(directory, builder.start());
      Watchdog.until(
          "listening", () -> Files.exists(started.place()) || !started.process.isAlive());
      if (!started.process.isAlive()) {
        throw new AssertionError(Files.readString(directory.resolve("log")));
      }
      return started;
    }

    private static Optional<Path> find() throws IOException {
      String named = System.getenv("VCHAN_XENSTORED");
      if (named != null) {
        return Optional.of(Path.of(named)).filter(Files::isExecutable);
      }
      Path libraries = Path.of("/usr/lib");
      try (Stream<Path> all = Files.list(libraries)) {
        return all.filter(path -> path.getFileName().toString().startsWith("xen-"))
            .map(path -> path.resolve("bin/xenstored"))
            .filter(Files::isExecutable)
            .findFirst();
      }
    }

    @Override
    public Path place() {
      return directory.resolve("socket");
    }

    @Override
    public void close() throws Exception {
      process.destroyForcibly().waitFor();
      try (Stream<Path> left = Files.list(directory)) {
        for (Path file : (Iterable<Path>) left::iterator) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    }
  }
}
