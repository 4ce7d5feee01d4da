// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.doctor;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.cli.doctor.Finding.Level;
import dev.vchan.local.LocalBackend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import jdk.net.ExtendedSocketOptions;

/** Looks at what channels between processes of this machine need. */
public final class LocalCheck {

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Twice what a channel with the largest rings takes. */
  private static final long PLENTY = 4 << 20;

  private final Path root;
  private final DomainId self;
  private final List<Finding> findings = new ArrayList<>();

  private LocalCheck(Path root, DomainId self) {
    this.root = root.toAbsolutePath();
    this.self = self;
  }

  /**
   * Looks, and makes the directory if it is missing, as every command does.
   *
   * @param root where the processes meet
   * @param rootFrom who says so
   * @param self own domain
   * @param selfFrom who says so
   * @return what was found, in the order of looking
   */
  public static List<Finding> run(Path root, String rootFrom, DomainId self, String selfFrom) {
    LocalCheck check = new LocalCheck(root, self);
    check.findings.add(Finding.ok("own domain", self + " (" + selfFrom + ")"));
    check.directory(rootFrom);
    return List.copyOf(check.findings);
  }

  private void directory(String from) {
    boolean wasThere = Files.exists(root, NOFOLLOW_LINKS);
    long before = names();
    try {
      LocalBackend.open(root, self).close();
      String mode =
          PosixFilePermissions.toString(Files.getPosixFilePermissions(root, NOFOLLOW_LINKS));
      findings.add(
          Finding.ok(
              "directory",
              "%s (%s), %s, %s".formatted(root, from, wasThere ? "there" : "made", mode)));
      space();
      recordLocks();
      sockets();
      leftovers(before);
      channel();
    } catch (IOException e) {
      findings.add(
          Finding.of(Level.FAILURE, "directory", e, "name a directory of your own in VCHAN_DIR"));
    }
  }

  private void space() throws IOException {
    long free = Files.getFileStore(root).getUsableSpace();
    String text = (free >> 20) + " MiB free";
    findings.add(
        free >= PLENTY
            ? Finding.ok("space", text)
            : Finding.warning(
                "space",
                text + "; a channel with the largest rings takes 2 MiB",
                "make room in " + root + ", or name another directory in VCHAN_DIR"));
  }

  /** Not on the file that is really locked: closing it would drop the locks of this process. */
  private void recordLocks() {
    try {
      Path file = Files.createTempFile(root, "doctor-", ".lock");
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.lock(0, 1, false).release();
        findings.add(Finding.ok("record locks", "work there"));
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      findings.add(
          Finding.of(
              Level.FAILURE,
              "record locks",
              e,
              "name a directory on a file system that supports fcntl locks in VCHAN_DIR"));
    }
  }

  private void sockets() {
    Path name = root.resolve("doctor-" + ProcessHandle.current().pid());
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(name);
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      try (SocketChannel _ = SocketChannel.open(address);
          SocketChannel accepted = server.accept()) {
        String user = accepted.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
        findings.add(Finding.ok("Unix sockets", "work there, and tell who is there: " + user));
      } finally {
        Files.deleteIfExists(name);
      }
    } catch (IOException | UnsupportedOperationException e) {
      findings.add(
          Finding.failure(
              "Unix sockets",
              String.valueOf(e.getMessage()),
              "name a directory on a file system of this machine in VCHAN_DIR"));
    }
  }

  private void leftovers(long before) {
    long after = names();
    String text =
        before > after
            ? "removed %d names that dead processes had left, %d are in use"
                .formatted(before - after, after)
            : "none; %d names are in use".formatted(after);
    findings.add(Finding.ok("leftovers", text));
  }

  /** Pages, ports and advertisements. */
  private long names() {
    if (!Files.isDirectory(root, NOFOLLOW_LINKS)) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> !Files.isDirectory(file, NOFOLLOW_LINKS))
          .filter(file -> root.relativize(file).getNameCount() > 1)
          .count();
    } catch (IOException | UncheckedIOException e) {
      // Whoever works there removes names while they are counted.
      return 0;
    }
  }

  /** The proof of it all: a byte there and back. */
  private void channel() {
    PortName port = new PortName("doctor-" + ProcessHandle.current().pid());
    Deadline end = Deadline.after(PATIENCE);
    try (LocalBackend backend = LocalBackend.open(root, self);
        VchanListener listener = VchanListener.open(backend, self, port, VchanOptions.DEFAULTS);
        LocalBackend other = LocalBackend.open(root, self)) {
      Thread server =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try (Vchan channel = listener.accept(end)) {
                      ByteBuffer byteOf = ByteBuffer.allocate(1);
                      channel.read(byteOf);
                      channel.write(byteOf.flip());
                      channel.drain(end);
                    } catch (IOException e) {
                      // The client sees it too, and says so.
                      return;
                    }
                  });
      try (Vchan channel = Vchan.connect(other, self, port, VchanOptions.DEFAULTS, end)) {
        channel.write(ByteBuffer.wrap(new byte[] {42}), end);
        ByteBuffer answer = ByteBuffer.allocate(1);
        channel.read(answer, end);
        findings.add(
            answer.position() == 1
                ? Finding.ok("channel", "a byte went there and back")
                : Finding.failure(
                    "channel", "a byte went there and not back", "report it, please"));
      }
      server.join();
    } catch (IOException e) {
      findings.add(
          Finding.of(Level.FAILURE, "channel", e, "see what failed above; else report it, please"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
