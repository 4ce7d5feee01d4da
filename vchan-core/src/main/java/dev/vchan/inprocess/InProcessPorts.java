// SPDX-License-Identifier: Apache-2.0
package dev.vchan.inprocess;

import dev.vchan.DomainId;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventCounter;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Events;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The event channels of one domain. Binding and closing are guarded by the host, since they concern
 * two domains; sending takes no lock.
 */
final class InProcessPorts implements Events {

  private final InProcessHost host;
  private final DomainId self;
  private final Map<Integer, Port> ports = new TreeMap<>();
  private int nextPort = 1;

  InProcessPorts(InProcessHost host, DomainId self) {
    this.host = host;
    this.self = self;
  }

  @Override
  public EventChannel listen(DomainId peer) throws IOException {
    host.enter("listen");
    synchronized (host) {
      return add(peer);
    }
  }

  @Override
  public EventChannel connect(DomainId peer, EventPort port) throws IOException {
    host.enter("connect");
    synchronized (host) {
      InProcessDomain domain = host.find(peer);
      Port remote = domain == null ? null : domain.ports().ports.get(port.value());
      if (remote == null || !remote.client.equals(self) || remote.bound != null) {
        String state = remote == null ? "no such port" : "not for us, or bound already";
        throw new StaleAdvertisementException("port " + port + " of domain " + peer + ": " + state);
      }
      Port local = add(peer);
      local.bound = remote;
      remote.peerDied = false;
      remote.bound = local;
      // As on Xen: whatever was sent before the bind may have been lost.
      local.events.signal();
      return local;
    }
  }

  private Port add(DomainId peer) {
    Port port = new Port(peer, nextPort++);
    ports.put(port.number, port);
    return port;
  }

  /** The domain dies: from here on the peers' ends know. */
  void markDead() {
    synchronized (host) {
      for (Port port : ports.values()) {
        Port remote = port.bound;
        if (remote != null) {
          remote.peerDied = true;
        }
      }
    }
  }

  void closeAll() {
    synchronized (host) {
      List.copyOf(ports.values()).forEach(Port::unbind);
    }
  }

  void leftovers(List<String> found) {
    synchronized (host) {
      for (Port port : ports.values()) {
        found.add("domain " + self + ": " + port);
      }
    }
  }

  /** One end of an event channel. */
  final class Port implements EventChannel {

    private final DomainId client;
    private final int number;
    private final EventCounter events = new EventCounter();
    private volatile @Nullable Port bound;
    private volatile boolean peerDied;

    Port(DomainId client, int number) {
      this.client = client;
      this.number = number;
    }

    @Override
    public EventPort port() {
      return new EventPort(number);
    }

    @Override
    public void send() {
      Port remote = bound;
      if (remote != null) {
        remote.events.signal();
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

    @Override
    public Peer peer() {
      if (host.hidesPeers()) {
        return Peer.UNKNOWN;
      }
      if (peerDied) {
        return Peer.DIED;
      }
      return bound == null ? Peer.UNBOUND : Peer.BOUND;
    }

    @Override
    public void close() throws IOException {
      boolean open;
      synchronized (host) {
        open = unbind();
      }
      events.signal();
      if (open) {
        host.enter("close " + this);
      }
    }

    private boolean unbind() {
      Port remote = bound;
      if (remote != null) {
        remote.bound = null;
        bound = null;
      }
      return ports.remove(number, this);
    }

    @Override
    public String toString() {
      return "port " + number + (bound == null ? ", unbound" : ", bound");
    }
  }
}
