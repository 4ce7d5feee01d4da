// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Rendezvous;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/** A server's hold on a path: a lock, and a file while something is advertised. */
final class LocalRegistration implements Rendezvous.Registration {

  private final LocalRendezvous rendezvous;
  private final RendezvousPath path;
  private final DomainId client;
  private final Path node;
  private final LockFile.Held held;
  private @Nullable Advertisement published;
  private boolean closed;

  LocalRegistration(
      LocalRendezvous rendezvous,
      RendezvousPath path,
      DomainId client,
      Path node,
      LockFile.Held held) {
    this.rendezvous = rendezvous;
    this.path = path;
    this.client = client;
    this.node = node;
    this.held = held;
  }

  @Override
  public synchronized void publish(Advertisement advertisement) throws IOException {
    if (closed) {
      throw new IOException(path + " has been given up");
    }
    withdraw();
    Path fresh = node.resolve(Keys.NEW_FILE);
    try {
      Files.deleteIfExists(fresh);
      rendezvous.root().createFile(fresh);
      try (OutputStream out = Files.newOutputStream(fresh, WRITE, NOFOLLOW_LINKS)) {
        out.write(Keys.encode(rendezvous.self(), client, advertisement));
      }
      // One rename, so that a client sees both values or neither.
      Files.move(fresh, node.resolve(Keys.FILE), StandardCopyOption.ATOMIC_MOVE);
      published = advertisement;
    } catch (IOException e) {
      IOException refused =
          Refusal.of(
              node,
              e,
              "make room there, remove what is not an advertisement, or choose another VCHAN_DIR");
      try {
        Files.deleteIfExists(fresh);
      } catch (IOException removing) {
        refused.addSuppressed(removing);
      }
      throw refused;
    }
  }

  /**
   * Removes the advertisement, and the names of what it advertised: a client that has read half of
   * it, and will read the other half from the next advertisement, must not find the page any more,
   * nor the port. Whoever is connected already needs neither name.
   */
  @Override
  public synchronized void withdraw() throws IOException {
    Advertisement old = published;
    if (old == null) {
      return;
    }
    Files.deleteIfExists(node.resolve(Keys.FILE));
    published = null;
    rendezvous.retire(old, path);
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      withdraw();
    } finally {
      rendezvous.closed(this);
      rendezvous.root().prune(node);
      held.release();
    }
  }
}
