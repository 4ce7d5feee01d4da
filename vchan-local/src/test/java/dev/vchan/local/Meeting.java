// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.DomainId;
import dev.vchan.testkit.LeakCheck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** A directory for one test, the backends opened in it, and what must be gone in the end. */
final class Meeting implements AutoCloseable {

  static {
    // What the JVM opens once and keeps: its sources of randomness, and a socket of its own.
    try {
      Files.delete(Files.createTempFile("vt", "warm"));
      SocketChannel.open(StandardProtocolFamily.UNIX).close();
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** To be called before descriptors are counted for the first time. */
  static void warmUp() {}

  private final LeakCheck leaks = new LeakCheck();
  private final Path parent;
  private final List<LocalBackend> opened = new ArrayList<>();

  Meeting() {
    try {
      Path memory = Path.of("/dev/shm");
      parent =
          Files.isWritable(memory)
              ? Files.createTempDirectory(memory, "vt")
              : Files.createTempDirectory("vt");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path parent() {
    return parent;
  }

  Path root() {
    return parent.resolve("root");
  }

  LocalBackend open(int domain) throws IOException {
    LocalBackend backend = LocalBackend.open(root(), new DomainId(domain));
    opened.add(backend);
    return backend;
  }

  /** Everything in the directory that is not itself a directory, but for the file of locks. */
  List<String> files() {
    try (Stream<Path> all = Files.walk(root())) {
      return all.filter(file -> !Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS))
          .map(file -> root().relativize(file).toString())
          .filter(name -> !name.equals("locks"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Directories below a part of the directory, where there are to be none in the end. */
  private List<Path> directories(String part) throws IOException {
    if (!Files.isDirectory(root().resolve(part))) {
      return List.of();
    }
    try (Stream<Path> below = Files.list(root().resolve(part))) {
      return below.toList();
    }
  }

  /** Closes the backends, and checks that nothing is left: no file, no descriptor, no thread. */
  @Override
  public void close() throws IOException {
    try {
      for (LocalBackend backend : opened) {
        backend.close();
      }
      if (Files.isDirectory(root())) {
        assertThat(files()).isEmpty();
        assertThat(directories("store")).isEmpty();
      }
      leaks.assertNothingLeft();
    } finally {
      delete(parent);
    }
  }

  static void delete(Path tree) throws IOException {
    try (Stream<Path> all = Files.walk(tree)) {
      for (Path file : all.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.deleteIfExists(Objects.requireNonNull(file));
      }
    }
  }
}
