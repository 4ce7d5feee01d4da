// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.LeakCheck;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A directory in which C and Java meet: our endpoint is one domain there, libxenvchan another. When
 * it is closed it proves that both have given everything back.
 */
final class Hub implements AutoCloseable {

  /** The domain of our endpoint. */
  static final DomainId JAVA = new DomainId(1);

  /** The domain of libxenvchan. */
  static final DomainId C = new DomainId(2);

  /** The name by which they meet if it does not matter. */
  static final PortName MEETING = new PortName("meet");

  private final Path parent;
  private final LeakCheck leaks;

  Hub() throws IOException {
    // What the JVM opens once and keeps is not to be taken for a leak.
    SocketChannel.open(StandardProtocolFamily.UNIX).close();
    Path memory = Path.of("/dev/shm");
    parent =
        Files.isWritable(memory)
            ? Files.createTempDirectory(memory, "vi")
            : Files.createTempDirectory("vi");
    leaks = new LeakCheck();
  }

  Path root() {
    return parent.resolve("root");
  }

  LocalBackend open() throws IOException {
    return LocalBackend.open(root(), JAVA);
  }

  CPeer startPeer() throws IOException {
    return CPeer.start(root(), C.value());
  }

  /**
   * Connects the two.
   *
   * @param own role of our end
   * @param options with the sizes that whoever is the server asks for
   * @return our end
   */
  static Vchan meet(LocalBackend backend, CPeer peer, Role own, VchanOptions options)
      throws Exception {
    if (own == Role.SERVER) {
      RendezvousPath path = path(JAVA, MEETING);
      try (VchanListener listener = VchanListener.open(backend, C, path, options)) {
        peer.tell("connect %s %s 1000".formatted(JAVA, path));
        Vchan channel = listener.accept(soon());
        checkCapacities(channel, peer.answered());
        return channel;
      }
    }
    RendezvousPath path = path(C, MEETING);
    RingSizes sizes = options.sizes().orElseThrow();
    long[] opened =
        peer.ask("listen %s %s %d %d".formatted(JAVA, path, sizes.readBytes(), sizes.writeBytes()));
    peer.tell("accept");
    Vchan channel = Vchan.connect(backend, C, path, options, soon());
    peer.answered();
    checkCapacities(channel, opened);
    return channel;
  }

  /** Both sides must see the same rings. */
  private static void checkCapacities(Vchan channel, long[] opened) {
    assertThat(channel.outgoingCapacity()).isEqualTo((int) opened[0]);
    assertThat(channel.incomingCapacity()).isEqualTo((int) opened[1]);
  }

  /** When a call counts as hanging. */
  static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(60));
  }

  /** Where one of the two listens for the other. */
  static RendezvousPath path(DomainId server, PortName port) {
    return RendezvousPath.of(server, server.equals(JAVA) ? C : JAVA, port);
  }

  static RendezvousPath path(DomainId server, String port) {
    return path(server, new PortName(port));
  }

  /** Whether somebody, be it a dead one, offers a channel there. */
  boolean isAdvertised(RendezvousPath path) {
    return Files.exists(root().resolve("store" + path).resolve(".keys"));
  }

  /** What processes that were killed could not give back: as whoever comes next does. */
  void removeWhatTheDeadLeft() throws IOException {
    open().close();
  }

  /** What was not given back: pages, event channels, advertisements. */
  List<String> leftovers() throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(root())) {
      files
          .filter(file -> !Files.isDirectory(file))
          .map(file -> root().relativize(file).toString())
          .filter(name -> name.contains("/"))
          .forEach(found::add);
    }
    return found;
  }

  @Override
  public void close() throws IOException {
    try {
      assertThat(leftovers()).isEmpty();
      leaks.assertNothingLeft();
    } finally {
      try (Stream<Path> files = Files.walk(parent)) {
        for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
          Files.delete(file);
        }
      }
    }
  }
}
