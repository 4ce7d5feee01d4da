// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;

/**
 * The file of a listening Unix-domain socket. It outlives a process that is killed, and would then
 * keep the next one from listening; so a file at which nobody listens any more is replaced, and
 * nothing else is.
 */
final class UnixSocketFile {

  private static final int TYPE_OF_FILE = 0170000;
  private static final int SOCKET = 0140000;

  private final Path path;
  private final Object identity;

  private UnixSocketFile(Path path, Object identity) {
    this.path = path;
    this.identity = identity;
  }

  /**
   * Has a server listen at a path.
   *
   * @throws IOException if somebody listens there, or something else than a socket is there
   */
  static UnixSocketFile bind(ServerSocketChannel server, Path path, int backlog)
      throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(path);
    try {
      server.bind(address, backlog);
    } catch (BindException e) {
      if (!Files.exists(path, NOFOLLOW_LINKS)) {
        throw e;
      }
      removeStale(path);
      server.bind(address, backlog);
    }
    return new UnixSocketFile(path.toAbsolutePath(), identity(path));
  }

  private static void removeStale(Path path) throws IOException {
    Object found = identity(path);
    if (((int) Files.getAttribute(path, "unix:mode", NOFOLLOW_LINKS) & TYPE_OF_FILE) != SOCKET) {
      throw new IOException("something else than a socket is there; it is left as it is");
    }
    if (isLive(path)) {
      throw new IOException("somebody listens there");
    }
    // Between that look and a plain deletion another process could replace the stale file as we are
    // about to, and lose its socket to us. A rename takes whatever is there in one step, and what
    // was taken is looked at before it is thrown away.
    Path taken =
        path.resolveSibling(path.getFileName() + ".stale-" + ProcessHandle.current().pid());
    try {
      Files.move(path, taken, StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException e) {
      // Somebody else has removed it already.
      return;
    }
    if (!identity(taken).equals(found)) {
      Files.createLink(path, taken);
      Files.delete(taken);
      throw new IOException("somebody has begun to listen there");
    }
    Files.delete(taken);
  }

  /** Whether anybody would take a connection; whoever cannot be asked counts as alive. */
  private static boolean isLive(Path path) throws IOException {
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      // A live one whose queue is full would block.
      probe.configureBlocking(false);
      probe.connect(UnixDomainSocketAddress.of(path));
      return true;
    } catch (ConnectException refused) {
      return false;
    }
  }

  /** Which file a name stands for, whatever its name is. */
  private static Object identity(Path path) throws IOException {
    return Objects.requireNonNull(
        Files.readAttributes(path, BasicFileAttributes.class, NOFOLLOW_LINKS).fileKey(),
        "files have an identity wherever there are Unix-domain sockets");
  }

  /**
   * Removes the file, unless another has taken its place. To be called while the socket is still
   * open: its file's number is not given to another file until then.
   */
  void remove() throws IOException {
    try {
      if (identity(path).equals(identity)) {
        Files.deleteIfExists(path);
      }
    } catch (NoSuchFileException e) {
      // Somebody has removed it already.
      return;
    }
  }
}
