// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.DomainId;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventCounter;
import dev.vchan.spi.EventPort;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** Own end of an event channel. */
final class XenPort implements EventChannel {

  private static final long MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final XenEvents owner;
  private final DomainId peer;
  private final EventPort port;
  private final EventCounter events = new EventCounter();
  private final Sign sign;
  private volatile boolean over;
  private volatile boolean died;

  XenPort(XenEvents owner, DomainId peer, EventPort port, Sign sign) {
    this.owner = owner;
    this.peer = peer;
    this.port = port;
    this.sign = sign;
  }

  @Override
  public EventPort port() {
    return port;
  }

  @Override
  public void send() throws IOException {
    if (over) {
      return;
    }
    try {
      owner.send(port);
    } catch (IOException e) {
      // Closed between the look and the call, by another thread.
      if (!over) {
        throw e;
      }
    }
  }

  @Override
  public long received() {
    return events.count();
  }

  @Override
  public boolean await(long seen, long timeoutNanos) {
    // Nothing will come any more from a domain that another port has found gone. Its waiters, once
    // woken, wait for a moment only, and then look.
    long nanos = died ? Math.min(timeoutNanos, MOMENT_NANOS) : timeoutNanos;
    if (events.count() == seen && nanos > 0) {
      owner.await(events, seen, nanos);
    }
    return events.count() != seen;
  }

  @Override
  public void wake() {
    events.signal();
    owner.rouse();
  }

  /**
   * An event was read from the device. Whoever sends is there: a client's domain may come after its
   * server has begun to listen, or be another one of the same number.
   */
  void arrived() {
    died = false;
    events.signal();
  }

  /**
   * {@inheritDoc}
   *
   * <p>Xen has no answer for a domU to whether another end is bound. To claim that one is would
   * make an event that was meant for an earlier port of the same number look like a client's, and a
   * server turn away the client that comes next. Whether its domain is there can be found out.
   */
  @Override
  public Peer peer() {
    if (over) {
      return Peer.UNBOUND;
    }
    // Read once: an event that comes in between takes it back, and a domain that has just sent must
    // not be told dead to all its channels.
    if (died) {
      return Peer.DIED;
    }
    if (isThere()) {
      return Peer.UNKNOWN;
    }
    owner.died(peer);
    return Peer.DIED;
  }

  private boolean isThere() {
    try {
      // From where this domain was migrated to, the other one is gone as well.
      return owner.isStillHere() && sign.isThere();
    } catch (IOException e) {
      // Nothing is known then, and nobody is declared dead for that.
      return true;
    }
  }

  /** If the other end's domain is the one that is gone, its waiters learn it. */
  void died(DomainId domain) {
    if (peer.equals(domain)) {
      died = true;
      wake();
    }
  }

  /** It can neither send nor receive from here on. */
  void end() {
    over = true;
    wake();
  }

  @Override
  public void close() throws IOException {
    if (over) {
      return;
    }
    end();
    try {
      // First: once the port is given back, a sign of this number may be another's.
      sign.close();
    } finally {
      owner.unbind(this);
    }
  }

  /** What the other end's domain is known by. */
  Sign sign() {
    return sign;
  }
}
