// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.RingSizes;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.Backend;
import dev.vchan.spi.Events;
import dev.vchan.spi.Memory;
import dev.vchan.spi.MemoryBarrier;
import dev.vchan.spi.Rendezvous;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Vchans between processes of one machine and one user. Pages are files mapped into memory, events
 * go over Unix-domain sockets, and servers advertise in files, all in one directory: the format is
 * docs/local-transport.md. Whoever names the same directory meets there, each as the domain it says
 * it is. Several processes, and several backends of one process, may be the same domain.
 *
 * <p>May be used from any thread. Holds one daemon thread, and a second one while a client waits
 * for its server.
 *
 * <p>A process that is killed leaves files behind; the next backend that opens the directory, or
 * meets them, removes them.
 */
public final class LocalBackend implements Backend {

  /** Memory is cheap here, but containers have little of it in /dev/shm. */
  private static final RingSizes DEFAULT_SIZES = RingSizes.both(64 * 1024);

  private final RootDirectory root;
  private final DomainId self;

  private final LockFile locks;
  private final Dispatcher dispatcher;
  private final LocalMemory memory;
  private final LocalEvents events;
  private final LocalRendezvous rendezvous;
  private final Optional<MemoryBarrier> memoryBarrier;
  private final AtomicBoolean closed = new AtomicBoolean();

  private LocalBackend(
      RootDirectory root,
      DomainId self,
      LockFile locks,
      Dispatcher dispatcher,
      Optional<MemoryBarrier> memoryBarrier) {
    Numbers numbers = new Numbers();
    this.root = root;
    this.self = self;
    this.locks = locks;
    this.dispatcher = dispatcher;
    this.memory = new LocalMemory(root, self, locks, numbers);
    this.events = new LocalEvents(root, self, locks, numbers, dispatcher, memory);
    this.rendezvous = new LocalRendezvous(root, self, locks, memory, events);
    this.memoryBarrier = memoryBarrier;
  }

  /**
   * Opens a directory as one domain. It is made if it is missing, those above it are not.
   *
   * @param root the directory in which the processes meet
   * @param self own domain
   * @return a backend that holds a thread until it is closed
   * @throws SystemRefusedException if the directory is not this user's own, has another mode than
   *     0700, is a symbolic link, holds other things than vchans, cannot be written to, cannot be
   *     locked in, is in a directory that is missing, or has too long a name for the sockets in it;
   *     or if the platform cannot tell the user at the other end of a socket
   * @throws IOException if the system fails otherwise
   */
  public static LocalBackend open(Path root, DomainId self) throws IOException {
    return open(root, self, Optional.empty());
  }

  /**
   * As {@link #open(Path, DomainId)}, with a barrier: where the peer of a channel has one as well,
   * neither side needs a fence behind a message. A call that finds too little, polls included, then
   * makes the barrier, and throws its {@link SystemRefusedException} if the system refuses; the
   * channel goes on.
   *
   * @param root the directory in which the processes meet
   * @param self own domain
   * @param barrier one that reaches all processes of this machine, as of {@code dev.vchan.libc}
   * @return a backend that holds a thread until it is closed
   * @throws SystemRefusedException as for {@link #open(Path, DomainId)}
   * @throws IOException if the system fails otherwise
   */
  public static LocalBackend open(Path root, DomainId self, MemoryBarrier barrier)
      throws IOException {
    return open(root, self, Optional.of(barrier));
  }

  private static LocalBackend open(Path root, DomainId self, Optional<MemoryBarrier> barrier)
      throws IOException {
    LocalEvents.checkPlatform();
    RootDirectory directory = RootDirectory.open(root);
    LockFile locks = LockFile.open(directory);
    try {
      new Leftovers(directory, locks).remove();
      Dispatcher dispatcher = new Dispatcher("vchan-local-" + self);
      return new LocalBackend(directory, self, locks, dispatcher, barrier);
    } catch (IOException e) {
      locks.close();
      throw Refusal.of("sockets", e, "raise the limit of open files (ulimit -n)");
    }
  }

  /**
   * Opens the {@linkplain #defaultRoot default directory}.
   *
   * @param self own domain
   * @return a backend that holds a thread until it is closed
   * @throws SystemRefusedException as for {@link #open(Path, DomainId)}
   * @throws IOException if the system fails otherwise
   */
  public static LocalBackend open(DomainId self) throws IOException {
    return open(defaultRoot(), self);
  }

  /**
   * Where processes meet that name no directory.
   *
   * @return {@code $VCHAN_DIR} if that is set, else {@code /dev/shm/vchan-<uid>}, else, if there is
   *     no {@code /dev/shm} or it cannot be written to, {@code vchan-<uid>} in the directory for
   *     temporary files
   */
  public static Path defaultRoot() {
    return RootDirectory.byDefault();
  }

  /**
   * Which domain a process is that names none.
   *
   * @return {@code $VCHAN_DOMID} if that is set, else 0
   * @throws IllegalArgumentException if the variable holds anything but a domain id
   */
  public static DomainId defaultDomain() {
    String named = System.getenv("VCHAN_DOMID");
    if (named == null || named.isEmpty()) {
      return DomainId.DOM0;
    }
    try {
      return DomainId.parse(named);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("VCHAN_DOMID: " + e.getMessage(), e);
    }
  }

  /**
   * The directory in which the processes meet.
   *
   * @return an absolute path
   */
  public Path root() {
    return root.path();
  }

  /** How often the thread has been woken; for those who want to see it sleep. */
  long dispatcherTurns() {
    return dispatcher.turns();
  }

  @Override
  public String name() {
    return "local";
  }

  @Override
  public DomainId self() {
    return self;
  }

  @Override
  public Memory memory() {
    return memory;
  }

  @Override
  public Events events() {
    return events;
  }

  @Override
  public Rendezvous rendezvous() {
    return rendezvous;
  }

  @Override
  public Optional<MemoryBarrier> memoryBarrier() {
    return memoryBarrier;
  }

  @Override
  public RingSizes defaultSizes() {
    return DEFAULT_SIZES;
  }

  /**
   * Closes everything that is still open here, as if each had been closed by itself: peers see a
   * close in good order. May take a second if a peer does not read its socket.
   */
  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try (locks;
        dispatcher) {
      try {
        rendezvous.close();
      } finally {
        try {
          memory.close();
        } finally {
          events.close();
        }
      }
    }
  }
}
