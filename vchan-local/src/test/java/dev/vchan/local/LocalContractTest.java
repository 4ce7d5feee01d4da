// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.BackendContract;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.CloseContract;
import dev.vchan.testkit.EventsContract;
import dev.vchan.testkit.ForeignPeer.Dialect;
import dev.vchan.testkit.ForeignPeerContract;
import dev.vchan.testkit.HandshakeContract;
import dev.vchan.testkit.MemoryContract;
import dev.vchan.testkit.PlacementContract;
import dev.vchan.testkit.RendezvousContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;

/** The backend between processes keeps the contract of every backend. */
class LocalContractTest {

  static {
    // The descriptors that the JVM opens once are not the first test's.
    Meeting.warmUp();
  }

  private static final class Directory implements BackendContract.Machine {

    private final Path root;

    Directory() throws IOException {
      root = Files.createTempDirectory("vchan");
    }

    @Override
    public Backend domain(DomainId id) throws IOException {
      return LocalBackend.open(root, id);
    }

    /** Files that are a page, a port or what is published; the file of locks may stay. */
    @Override
    public List<String> leftovers() throws IOException {
      try (Stream<Path> files = Files.walk(root)) {
        return files
            .filter(file -> !Files.isDirectory(file))
            .map(file -> root.relativize(file).toString())
            .filter(file -> !file.equals("locks"))
            .toList();
      }
    }

    @Override
    public void close() throws IOException {
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  @Nested
  class LocalEventsTest extends EventsContract {
    @Override
    protected Machine newMachine() throws IOException {
      return new Directory();
    }
  }

  @Nested
  class LocalMemoryTest extends MemoryContract {
    @Override
    protected Machine newMachine() throws IOException {
      return new Directory();
    }
  }

  @Nested
  class LocalRendezvousTest extends RendezvousContract {
    @Override
    protected Machine newMachine() throws IOException {
      return new Directory();
    }
  }

  @Nested
  class LocalHandshakeTest extends HandshakeContract {
    @Override
    protected Machine newMachine() throws IOException {
      return new Directory();
    }
  }

  @Nested
  class LocalPlacementTest extends PlacementContract {
    @Override
    protected Machine newMachine() throws IOException {
      return new Directory();
    }
  }

  @Nested
  class LocalCloseTest extends CloseContract {
    LocalCloseTest() {
      super(500);
    }

    @Override
    protected Machine newMachine() throws IOException {
      return new Directory();
    }
  }

  @Nested
  @Case("T84")
  class LocalLibxenvchanTest extends ForeignPeerContract {
    LocalLibxenvchanTest() {
      super(Dialect.LIBXENVCHAN);
    }

    @Override
    protected Machine newMachine() throws IOException {
      return new Directory();
    }
  }

  @Nested
  @Case("T85")
  class LocalOcamlTest extends ForeignPeerContract {
    LocalOcamlTest() {
      super(Dialect.OCAML);
    }

    @Override
    protected Machine newMachine() throws IOException {
      return new Directory();
    }
  }

  @Nested
  @Case("T86")
  class LocalQubesTest extends ForeignPeerContract {
    LocalQubesTest() {
      super(Dialect.QUBES);
    }

    @Override
    protected Machine newMachine() throws IOException {
      return new Directory();
    }
  }
}
