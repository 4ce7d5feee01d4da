// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventChannel.Peer;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Events;
import dev.vchan.spi.Parking;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.IOException;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.jspecify.annotations.Nullable;

/** The event channels of one backend: one Unix-domain socket for each that is bound. */
final class LocalEvents implements Events {

  private static final SocketOption<UnixDomainPrincipal> USER = ExtendedSocketOptions.SO_PEERCRED;

  /** Numbers that are tried for a port: all of them taken means something else is wrong. */
  private static final int TRIES = 1000;

  /** How long the last goodbyes may take when a backend closes. */
  private static final long LEAVE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final RootDirectory root;
  private final DomainId self;
  private final LockFile locks;
  private final Numbers numbers;
  private final Dispatcher dispatcher;
  private final LocalMemory memory;

  /** Guarded by this object, as is the next. */
  private final Map<LocalPort, Optional<LockFile.Held>> ports = new HashMap<>();

  private final Set<Connection> leaving = new HashSet<>();
  private boolean closed;

  LocalEvents(
      RootDirectory root,
      DomainId self,
      LockFile locks,
      Numbers numbers,
      Dispatcher dispatcher,
      LocalMemory memory) {
    this.root = root;
    this.self = self;
    this.locks = locks;
    this.numbers = numbers;
    this.dispatcher = dispatcher;
    this.memory = memory;
  }

  /** Fails where nobody can tell who is at the other end of a socket. */
  static void checkPlatform() throws IOException {
    try (SocketChannel any = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      if (!any.supportedOptions().contains(USER)) {
        throw new SystemRefusedException(
            "Unix-domain sockets",
            "this platform cannot tell the user at the other end (SO_PEERCRED)",
            "use a backend other than the local one");
      }
    } catch (UnsupportedOperationException e) {
      throw Refusal.of("Unix-domain sockets", e, "use a backend other than the local one");
    }
  }

  /** Lets nobody in but ourselves: the directory's mode says so, and the socket must agree. */
  void checkUser(SocketChannel connected) throws IOException {
    UnixDomainPrincipal found = connected.getOption(USER);
    if (!found.user().equals(root.owner())) {
      throw new SystemRefusedException(
          "event socket",
          "the process at the other end runs as " + found.user() + ", not as " + root.owner(),
          "run both sides as the same user");
    }
  }

  @Override
  public EventChannel listen(DomainId peer) throws IOException {
    checkOpen();
    root.createDirectories(root.socket(self, 0).resolveSibling(""));
    for (int tries = 0; tries < TRIES; tries++) {
      int number = numbers.nextPort();
      Optional<LockFile.Held> held = locks.tryLock(LockFile.port(self, number));
      if (held.isPresent()) {
        return listen(peer, number, held.get());
      }
    }
    throw new SystemRefusedException(
        "event channel ports of domain " + self, TRIES + " in a row are taken", "close channels");
  }

  private EventChannel listen(DomainId peer, int number, LockFile.Held held) throws IOException {
    Path socket = root.socket(self, number);
    LocalPort port = new LocalPort(this, peer, number);
    add(port, held);
    try {
      port.open(new Doorway(this, port, socket));
      return port;
    } catch (IOException e) {
      port.close();
      throw Refusal.of(
          socket, e, "raise the limit of open files (ulimit -n), or make room in " + root.path());
    }
  }

  @Override
  public EventChannel connect(DomainId peer, EventPort remote) throws IOException {
    checkOpen();
    Path socket = root.socket(peer, remote.value());
    SocketChannel channel = dial(peer, remote, socket);
    LocalPort port = new LocalPort(this, peer, numbers.nextPort());
    Connection connection = new Connection(dispatcher, channel, port);
    try {
      checkUser(channel);
      add(port, null);
      port.call(connection, remote.value());
      awaitWelcome(port, describe(peer, remote));
      return port;
    } catch (IOException | RuntimeException e) {
      port.close();
      connection.close();
      throw e;
    }
  }

  private SocketChannel dial(DomainId peer, EventPort remote, Path socket) throws IOException {
    SocketChannel channel;
    try {
      channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    } catch (IOException e) {
      throw Refusal.of("sockets", e, "raise the limit of open files (ulimit -n)");
    }
    try {
      channel.configureBlocking(false);
      if (channel.connect(UnixDomainSocketAddress.of(socket))) {
        return channel;
      }
    } catch (IOException e) {
      // Nobody listens: not there any more, or never was. A name without a listener is a leftover.
      channel.close();
      removeIfLeftover(peer, remote, socket);
      throw new StaleAdvertisementException(
          describe(peer, remote) + " cannot be reached: " + Refusal.describe(e));
    }
    channel.close();
    throw new StaleAdvertisementException(describe(peer, remote) + " has too many callers");
  }

  private void removeIfLeftover(DomainId peer, EventPort remote, Path socket) throws IOException {
    if (!Files.exists(socket)) {
      return;
    }
    Optional<LockFile.Held> free = locks.tryLock(LockFile.port(peer, remote.value()));
    if (free.isPresent()) {
      try {
        Files.deleteIfExists(socket);
      } finally {
        free.get().release();
      }
    }
  }

  private static void awaitWelcome(LocalPort port, String what) throws IOException {
    long deadline = Doorway.deadline();
    // The first event of this end says that the answer is there, whatever it is.
    while (!port.await(0, deadline - Parking.nanoTime())) {
      if (Thread.currentThread().isInterrupted()) {
        throw new ClosedByInterruptException();
      }
      if (deadline - Parking.nanoTime() <= 0) {
        throw new StaleAdvertisementException(what + " does not answer");
      }
    }
    if (port.peer() != Peer.BOUND) {
      throw new StaleAdvertisementException(what + ": " + port.refusal().orElse("it hung up"));
    }
  }

  private static String describe(DomainId peer, EventPort remote) {
    return "port " + remote + " of domain " + peer;
  }

  private synchronized void add(LocalPort port, LockFile.@Nullable Held held) throws IOException {
    if (closed && held != null) {
      held.release();
    }
    checkOpen();
    ports.put(port, Optional.ofNullable(held));
  }

  private synchronized void checkOpen() throws IOException {
    if (closed) {
      throw new IOException("the backend is closed");
    }
  }

  /** A port is gone, and with it its number. */
  void closed(LocalPort port) {
    Optional<LockFile.Held> held;
    synchronized (this) {
      held = Optional.ofNullable(ports.remove(port)).flatMap(known -> known);
    }
    held.ifPresent(LockFile.Held::release);
  }

  /** A port has closed, but its goodbye may still wait for room in the socket. */
  synchronized void leaving(Connection connection) {
    leaving.removeIf(known -> !known.isLeaving());
    if (connection.isLeaving()) {
      leaving.add(connection);
    }
  }

  /** What was advertised under this number must not be found any more. */
  void retire(EventPort number) {
    for (LocalPort port : copyOfPorts()) {
      if (port.number() == number.value()) {
        port.retire();
      }
    }
  }

  private synchronized List<LocalPort> copyOfPorts() {
    return List.copyOf(ports.keySet());
  }

  /** Closes every port; those at the other end learn that it was on purpose, if they listen. */
  void close() {
    synchronized (this) {
      closed = true;
    }
    copyOfPorts().forEach(LocalPort::close);
    long deadline = Parking.nanoTime() + LEAVE_NANOS;
    while (someoneIsLeaving() && deadline - Parking.nanoTime() > 0) {
      Parking.park(this, TimeUnit.MILLISECONDS.toNanos(10));
      if (Thread.currentThread().isInterrupted()) {
        break;
      }
    }
    synchronized (this) {
      leaving.forEach(Connection::close);
    }
  }

  private synchronized boolean someoneIsLeaving() {
    leaving.removeIf(known -> !known.isLeaving());
    return !leaving.isEmpty();
  }

  DomainId self() {
    return self;
  }

  Dispatcher dispatcher() {
    return dispatcher;
  }

  LocalMemory memory() {
    return memory;
  }
}
