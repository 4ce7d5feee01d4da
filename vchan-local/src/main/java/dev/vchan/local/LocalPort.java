// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventCounter;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Parking;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Own end of an event channel: a counter of events, and the connection to the other end while there
 * is one. Guarded by this object; nothing is called with it held that could wait.
 */
final class LocalPort implements EventChannel, Connection.Owner {

  private final LocalEvents events;
  private final DomainId peer;
  private final int number;
  private final EventCounter counter = new EventCounter();

  /** What becomes of this process's pages when it dies, as the other end is told. */
  private final List<UnmapNotice> ownNotices = new ArrayList<>();

  private volatile @Nullable Connection connection;
  private volatile Peer condition = Peer.UNBOUND;

  /** Where clients come, if this end was made to be connected to. */
  private @Nullable Doorway doorway;

  /** The server's port that a client's end has called. */
  private int calledPort;

  /** What a client's end was told instead of a welcome. */
  private @Nullable String refusal;

  /** What the dead peer had asked for, until somebody else is bound. */
  private Set<UnmapNotice> lastWill = Set.of();

  private boolean closed;

  LocalPort(LocalEvents events, DomainId peer, int number) {
    this.events = events;
    this.peer = peer;
    this.number = number;
  }

  DomainId remote() {
    return peer;
  }

  int number() {
    return number;
  }

  /** Opens this end to clients. */
  synchronized void open(Doorway made) throws IOException {
    made.open();
    doorway = made;
  }

  /** Begins to talk to a server's end. */
  synchronized void call(Connection made, int serverPort) throws IOException {
    connection = made;
    calledPort = serverPort;
    made.send(new Hello(Hello.OK, events.self().value(), peer.value(), number, serverPort));
    made.start();
  }

  /** Why a client's end did not come to be bound; empty if it did, or nothing is known yet. */
  synchronized Optional<String> refusal() {
    return Optional.ofNullable(refusal);
  }

  /**
   * Binds this end to a client that has said hello, unless it is bound already.
   *
   * @return whether it is bound to this client now
   */
  synchronized boolean bind(Connection client, Hello welcome) {
    if (closed || connection != null) {
      return false;
    }
    connection = client;
    lastWill = Set.of();
    condition = Peer.BOUND;
    // First of all bytes, since whoever sends an event needs this object's connection to do it.
    client.send(welcome);
    ownNotices.forEach(notice -> client.send(notice, true));
    return true;
  }

  @Override
  public synchronized void hello(Connection from, Optional<Hello> hello) {
    if (connection != from) {
      return;
    }
    Hello welcome = new Hello(Hello.OK, peer.value(), events.self().value(), calledPort, number);
    if (hello.equals(Optional.of(welcome))) {
      condition = Peer.BOUND;
      ownNotices.forEach(notice -> from.send(notice, true));
    } else {
      refusal =
          hello
              .filter(said -> said.status() != Hello.OK)
              .map(said -> Hello.describe(said.status()))
              .orElse("it does not speak this format");
      connection = null;
      from.close();
    }
    // As on Xen a fresh end has an event pending: whatever was sent before may have been lost.
    signal();
  }

  @Override
  public void event(Connection from) {
    if (connection == from) {
      signal();
    }
  }

  @Override
  public void hungUp(Connection from, boolean inGoodOrder) {
    boolean unexpected;
    synchronized (this) {
      if (connection != from) {
        return;
      }
      unexpected = !inGoodOrder || condition != Peer.BOUND;
      if (condition != Peer.BOUND) {
        refusal = "it hung up";
      } else if (!inGoodOrder) {
        lastWill = Set.copyOf(from.notices());
      }
      // The reason before the byte: whoever sees the byte cleared also sees why.
      condition = inGoodOrder ? Peer.UNBOUND : Peer.DIED;
    }
    if (!inGoodOrder) {
      events.memory().execute(peer, from.notices());
    }
    synchronized (this) {
      connection = null;
      if (doorway != null) {
        doorway.reopen();
      }
    }
    if (unexpected) {
      signal();
    }
  }

  /** For a page that was mapped when its owner may have been dead already. */
  void executeLastWill() {
    Set<UnmapNotice> will;
    synchronized (this) {
      will = lastWill;
    }
    events.memory().execute(peer, will);
  }

  synchronized void notice(UnmapNotice notice, boolean wanted) {
    if (wanted) {
      ownNotices.add(notice);
    } else {
      ownNotices.remove(notice);
    }
    Connection current = connection;
    if (current != null && condition == Peer.BOUND) {
      current.send(notice, wanted);
    }
  }

  /** Nobody shall be able to bind to this end any more; whoever is bound stays so. */
  synchronized void retire() {
    if (doorway != null) {
      doorway.close();
      doorway = null;
    }
  }

  @Override
  public EventPort port() {
    return new EventPort(number);
  }

  @Override
  public void send() {
    Connection current = connection;
    if (current != null) {
      current.sendEvent();
    }
  }

  @Override
  public long received() {
    return counter.count();
  }

  @Override
  public boolean await(long seen, long timeoutNanos) {
    long start = Parking.nanoTime();
    long left = timeoutNanos;
    while (counter.count() == seen && left > 0 && !Thread.currentThread().isInterrupted()) {
      Connection current = connection;
      if (current == null) {
        counter.await(seen, left);
      } else {
        current.lookout().await(counter, seen, left);
      }
      left = timeoutNanos - (Parking.nanoTime() - start);
    }
    return counter.count() != seen;
  }

  @Override
  public void wake() {
    signal();
  }

  /** Counts an event, and wakes whoever waits: parked, or at the socket. */
  private void signal() {
    counter.signal();
    // Only now, since whoever waits at a socket has looked there first and then at the count. A
    // connection that was replaced meanwhile has been closed, which wakes those who wait there.
    Connection current = connection;
    if (current != null) {
      current.lookout().rouse();
    }
  }

  @Override
  public Peer peer() {
    return condition;
  }

  @Override
  public void close() {
    Connection current;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      retire();
      current = connection;
      connection = null;
      if (condition == Peer.BOUND) {
        condition = Peer.UNBOUND;
      }
      if (current != null) {
        current.leave();
        events.leaving(current);
      }
    }
    events.closed(this);
    signal();
    if (current != null) {
      // It may live on for a moment, until its goodbye has gone out.
      current.lookout().rouse();
    }
  }

  @Override
  public String toString() {
    return "port " + Integer.toUnsignedString(number) + " to domain " + peer + ", " + condition;
  }
}
