// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.DomainId;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventCounter;
import dev.vchan.spi.EventPort;
import java.io.IOException;

/** Own end of an event channel. */
final class XenPort implements EventChannel {

  private final XenEvents owner;
  private final DomainId peer;
  private final EventPort port;
  private final EventCounter events = new EventCounter();
  private volatile boolean over;

  XenPort(XenEvents owner, DomainId peer, EventPort port) {
    this.owner = owner;
    this.peer = peer;
    this.port = port;
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
   * server turn away the client that comes next.
   */
  @Override
  public Peer peer() {
    if (over) {
      return Peer.UNBOUND;
    }
    return owner.exists(peer) ? Peer.UNKNOWN : Peer.DIED;
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
    owner.unbind(this);
  }
}
