// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Rendezvous;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Advertisements in files: a directory for each node of the store, a file for all its leaves. */
final class LocalRendezvous implements Rendezvous {

  private final RootDirectory root;
  private final DomainId self;
  private final LockFile locks;
  private final LocalMemory memory;
  private final LocalEvents events;
  private final DirectoryEyes eyes;

  /** What is open: registrations and watches. Guarded by this object. */
  private final Set<Closeable> open = new HashSet<>();

  private boolean closed;

  LocalRendezvous(
      RootDirectory root, DomainId self, LockFile locks, LocalMemory memory, LocalEvents events) {
    this.root = root;
    this.self = self;
    this.locks = locks;
    this.memory = memory;
    this.events = events;
    this.eyes = new DirectoryEyes(root);
  }

  @Override
  public Registration register(RendezvousPath path, DomainId client) throws IOException {
    checkOpen();
    Path node = root.node(path);
    Optional<LockFile.Held> held = locks.tryLock(LockFile.path(path));
    if (held.isEmpty()) {
      throw new SystemRefusedException(
          path.value(),
          "another server listens there: " + holder(node) + " in " + root.path(),
          "stop it or choose another port");
    }
    try {
      // Whatever is there is of a server that died, since the lock was free.
      removeFiles(node);
      LocalRegistration registration = new LocalRegistration(this, path, client, node, held.get());
      add(registration);
      return registration;
    } catch (IOException e) {
      held.get().release();
      throw Refusal.of(node, e, "remove what is in " + node + ", or choose another port");
    }
  }

  private static String holder(Path node) throws IOException {
    return Keys.parse(Keys.read(node.resolve(Keys.FILE))).map(Keys::writer).orElse("a process");
  }

  static void removeFiles(Path node) throws IOException {
    Files.deleteIfExists(node.resolve(Keys.FILE));
    Files.deleteIfExists(node.resolve(Keys.NEW_FILE));
  }

  @Override
  public Watch watch(RendezvousPath path, DomainId server) throws IOException {
    checkOpen();
    LocalWatch watch = new LocalWatch(this, root.node(path), server, self);
    add(watch);
    return watch;
  }

  private synchronized void add(Closeable opened) throws IOException {
    checkOpen();
    open.add(opened);
  }

  private synchronized void checkOpen() throws IOException {
    if (closed) {
      throw new IOException("the backend is closed");
    }
  }

  synchronized void closed(Closeable gone) {
    open.remove(gone);
  }

  /** Makes sure that what was advertised is not found by those who remember the advertisement. */
  void retire(Advertisement old, RendezvousPath path) throws IOException {
    events.retire(old.eventChannel());
    memory.retire(old.ringRef(), path);
  }

  void close() throws IOException {
    List<Closeable> rest;
    synchronized (this) {
      closed = true;
      rest = new ArrayList<>(open);
    }
    IOException failure = null;
    rest.add(eyes);
    for (Closeable one : rest) {
      try {
        one.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  RootDirectory root() {
    return root;
  }

  DomainId self() {
    return self;
  }

  DirectoryEyes eyes() {
    return eyes;
  }
}
