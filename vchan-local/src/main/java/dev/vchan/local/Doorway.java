// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.spi.Parking;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where clients come to a port that is not bound: the listening socket, and those who have come in
 * but not said hello yet. The first one that says it properly is bound, and the door is shut until
 * the port is unbound again.
 *
 * <p>Guarded by the port. Handlers run on the dispatcher's thread.
 */
final class Doorway implements Dispatcher.Handler, Connection.Owner {

  /** How long somebody may stand in the door without saying a whole hello. */
  static final long HELLO_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** How many may stand there at once; the others queue outside. */
  private static final int MAX_GUESTS = 8;

  private static final int BACKLOG = 16;

  /** When to try again what failed for want of descriptors or space. */
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final LocalEvents events;
  private final LocalPort port;
  private final Path socket;
  private final List<Guest> guests = new ArrayList<>();
  private @Nullable ServerSocketChannel door;
  private @Nullable SelectionKey key;
  private final Dispatcher.Timer reopening;
  private final Dispatcher.Timer listening;
  private boolean closed;

  Doorway(LocalEvents events, LocalPort port, Path socket) {
    this.events = events;
    this.port = port;
    this.socket = socket;
    this.reopening = events.dispatcher().timer(() -> inTurn(this::reopen));
    this.listening = events.dispatcher().timer(() -> inTurn(this::showInterest));
  }

  /** Somebody who has not said hello yet. */
  private record Guest(Connection connection, Dispatcher.Timer patience) {}

  /** Opens the door. With the port held. */
  void open() throws IOException {
    ServerSocketChannel made = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      // The name is free: whoever wants it must hold the lock of the port first, as we do.
      Files.deleteIfExists(socket);
      made.bind(UnixDomainSocketAddress.of(socket), BACKLOG);
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
      made.configureBlocking(false);
      key = events.dispatcher().register(made, SelectionKey.OP_ACCEPT, this);
      door = made;
    } catch (IOException e) {
      made.close();
      Files.deleteIfExists(socket);
      throw e;
    }
  }

  /** Opens the door again, if need be as soon as the system allows it. With the port held. */
  void reopen() {
    if (closed || door != null) {
      return;
    }
    try {
      open();
    } catch (IOException e) {
      events.dispatcher().set(reopening, RETRY_NANOS);
    }
  }

  private void inTurn(Runnable work) {
    synchronized (port) {
      work.run();
    }
  }

  /** Shuts the door for good. With the port held. */
  void close() {
    closed = true;
    events.dispatcher().cancel(reopening);
    events.dispatcher().cancel(listening);
    shut();
  }

  private void shut() {
    ServerSocketChannel open = door;
    if (open != null) {
      door = null;
      try (open) {
        Files.deleteIfExists(socket);
      } catch (IOException e) {
        // The name is a leftover then, which whoever meets it removes.
      } finally {
        events.dispatcher().wakeup();
      }
    }
    for (Guest guest : List.copyOf(guests)) {
      dismiss(guest.connection, Hello.BUSY);
    }
  }

  @Override
  public void ready(SelectionKey ready) {
    synchronized (port) {
      ServerSocketChannel open = door;
      if (open == null || guests.size() == MAX_GUESTS) {
        showInterest();
        return;
      }
      try {
        SocketChannel come = open.accept();
        if (come != null) {
          welcome(come);
        }
      } catch (IOException e) {
        // Out of descriptors, most likely. The client still waits in the queue and keeps the socket
        // ready, so do not look at it for a while.
        listenAgainLater();
      }
    }
  }

  private void welcome(SocketChannel come) throws IOException {
    try {
      come.configureBlocking(false);
      events.checkUser(come);
      Connection connection = new Connection(events.dispatcher(), come, this);
      connection.start();
      Dispatcher.Timer patience = events.dispatcher().timer(() -> hungUp(connection, false));
      events.dispatcher().set(patience, HELLO_NANOS);
      guests.add(new Guest(connection, patience));
      showInterest();
    } catch (IOException e) {
      come.close();
    }
  }

  private void listenAgainLater() {
    if (key != null) {
      key.interestOps(0);
      events.dispatcher().set(listening, RETRY_NANOS);
    }
  }

  private void showInterest() {
    SelectionKey registered = key;
    if (registered == null || door == null) {
      return;
    }
    try {
      registered.interestOps(guests.size() < MAX_GUESTS ? SelectionKey.OP_ACCEPT : 0);
      events.dispatcher().wakeup();
    } catch (CancelledKeyException e) {
      // Shut meanwhile.
      return;
    }
  }

  @Override
  public void hello(Connection guest, Optional<Hello> hello) {
    synchronized (port) {
      if (hello.isEmpty()) {
        dismiss(guest, Hello.UNKNOWN_VERSION);
        return;
      }
      Hello said = hello.get();
      if (said.from() != port.remote().value()
          || said.to() != events.self().value()
          || said.toPort() != port.number()) {
        dismiss(guest, Hello.NOT_FOR_YOU);
        return;
      }
      if (closed || door == null) {
        dismiss(guest, Hello.BUSY);
        return;
      }
      forget(guest);
      guest.handTo(port);
      // The name goes before the client can know that it is bound: nobody finds it afterwards.
      shut();
      if (!port.bind(guest, answer(Hello.OK, said.fromPort()))) {
        guest.close();
      }
    }
  }

  private Hello answer(int status, int clientPort) {
    return new Hello(
        status, events.self().value(), port.remote().value(), port.number(), clientPort);
  }

  private void dismiss(Connection guest, int status) {
    forget(guest);
    guest.send(answer(status, 0));
    guest.close();
    showInterest();
  }

  private void forget(Connection guest) {
    for (Guest known : List.copyOf(guests)) {
      if (known.connection == guest) {
        guests.remove(known);
        events.dispatcher().cancel(known.patience);
      }
    }
  }

  /** Guests have nothing to tell but their hello. */
  @Override
  public void event(Connection guest) {}

  @Override
  public void hungUp(Connection guest, boolean inGoodOrder) {
    synchronized (port) {
      forget(guest);
      guest.close();
      showInterest();
    }
  }

  /** Whatever broke, the port lives on, and so must its door. */
  @Override
  public void failed() {
    synchronized (port) {
      door = null;
      events.dispatcher().set(reopening, RETRY_NANOS);
    }
  }

  /** How long a client waits for a welcome. */
  static long deadline() {
    return Parking.nanoTime() + HELLO_NANOS;
  }
}
