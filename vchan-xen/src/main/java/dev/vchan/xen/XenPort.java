// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventCounter;
import dev.vchan.spi.EventPort;
import java.io.IOException;

/** Own end of an event channel. */
final class XenPort implements EventChannel {

  private final XenEvents owner;
  private final EventPort port;
  private final EventCounter events = new EventCounter();
  private final Sign sign;
  private volatile boolean over;

  XenPort(XenEvents owner, EventPort port, Sign sign) {
    this.owner = owner;
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
    return events.await(seen, timeoutNanos);
  }

  @Override
  public void wake() {
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
    try {
      return sign.isThere() ? Peer.UNKNOWN : Peer.DIED;
    } catch (IOException e) {
      // Nothing is known then, and nobody is declared dead for that.
      return Peer.UNKNOWN;
    }
  }

  /** It can neither send nor receive from here on. */
  void end() {
    over = true;
    events.signal();
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
