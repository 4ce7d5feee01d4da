// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventCounter;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Events;
import dev.vchan.spi.StaleAdvertisementException;
import dev.vchan.xen.xenstore.XenStore;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** The event channels of this process: one open device, and the thread that reads it. */
final class XenEvents implements Events, EventDispatcher.Ports, Closeable {

  /** Whoever is blocked in a call looks now and then, and should not wait for this instead. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Device evtchn;
  private final XenStore store;
  private final XenRendezvous rendezvous;
  private final Map<Integer, XenPort> ports = new ConcurrentHashMap<>();
  private final EventDispatcher dispatcher;

  /** No port is added from here on. Guarded by this object. */
  private boolean closed;

  XenEvents(Device evtchn, XenRendezvous rendezvous) throws IOException {
    this.evtchn = evtchn;
    this.store = rendezvous.store();
    this.rendezvous = rendezvous;
    this.dispatcher = new EventDispatcher(evtchn.descriptor(), this);
  }

  static Device openEvtchn() throws IOException {
    return Device.open("/dev/xen/evtchn", "xen-evtchn", false);
  }

  /**
   * Opens the device.
   *
   * @param rendezvous where servers are found whose ports are bound to
   */
  static XenEvents open(XenRendezvous rendezvous) throws IOException {
    Device evtchn = openEvtchn();
    try {
      return new XenEvents(evtchn, rendezvous);
    } catch (IOException | RuntimeException | Error e) {
      try (evtchn) {
        throw e;
      }
    }
  }

  @Override
  public EventChannel listen(DomainId peer) throws IOException {
    try {
      return open(
          peer,
          device -> Ioctl.bindUnbound(device, peer),
          own -> new ClientSign(rendezvous, evtchn, peer, own));
    } catch (SystemCallException e) {
      throw general(e);
    }
  }

  @Override
  public EventChannel connect(DomainId peer, EventPort port) throws IOException {
    try {
      XenPort own =
          open(
              peer,
              device -> Ioctl.bindInterdomain(device, peer, port),
              bound -> new ServerSign(rendezvous, peer, port));
      // The hypervisor has sent this event too, but it may still be under way.
      own.wake();
      return own;
    } catch (SystemCallException e) {
      throw switch (e.errno()) {
        case SystemCallException.ESRCH ->
            new StaleAdvertisementException("there is no domain " + peer);
        case SystemCallException.EINVAL ->
            new StaleAdvertisementException(
                "port " + port + " of domain " + peer + ": not for us, or bound already");
        default -> general(e);
      };
    }
  }

  private XenPort open(DomainId peer, Device.Use<EventPort> bind, Function<EventPort, Sign> signs)
      throws IOException {
    XenPort port = evtchn.use(device -> add(device, peer, bind, signs));
    try {
      port.sign().begin();
      return port;
    } catch (IOException | RuntimeException | Error e) {
      try (port) {
        throw e;
      }
    }
  }

  /** Events of a port find it known: the dispatcher looks for it under the same lock. */
  private synchronized XenPort add(
      int device, DomainId peer, Device.Use<EventPort> bind, Function<EventPort, Sign> signs)
      throws IOException {
    if (closed) {
      throw new IOException("the backend is closed");
    }
    EventPort own = bind.with(device);
    XenPort port = new XenPort(this, peer, own, signOf(peer, own, signs));
    ports.put(own.value(), port);
    return port;
  }

  private Sign signOf(DomainId peer, EventPort own, Function<EventPort, Sign> signs) {
    if (rendezvous.self().equals(DomainId.DOM0)) {
      // xenstored answers dom0. The hypervisor would not do: it knows a domain that was destroyed
      // as long as pages of it are mapped anywhere, here for instance.
      return () -> store.isIntroduced(peer, patience());
    }
    // Nobody outlives dom0.
    return peer.equals(DomainId.DOM0) ? () -> true : signs.apply(own);
  }

  /** Whether this domain is still the one to which its ports were given. */
  boolean isStillHere() throws IOException {
    return rendezvous.isStillHere(patience());
  }

  @Override
  public synchronized void arrived(int port) {
    XenPort found = ports.get(port);
    if (found != null) {
      found.arrived();
    }
  }

  /** Waits for a port's events; see there. */
  void await(EventCounter counter, long seen, long nanos) {
    dispatcher.await(counter, seen, nanos);
  }

  /** A port has counted something that did not come from the device. */
  void rouse() {
    dispatcher.rouse();
  }

  @Override
  public List<Integer> numbers() {
    return List.copyOf(ports.keySet());
  }

  /**
   * A domain is gone. Told to all its channels: from one of them it may be seen, while another
   * would not see it as long as that one maps pages of it.
   */
  void died(DomainId domain) {
    ports.values().forEach(port -> port.died(domain));
  }

  void send(EventPort port) throws IOException {
    evtchn.use(
        device -> {
          Ioctl.send(device, port);
          return port;
        });
  }

  /**
   * Gives a port back. Its number may be another's at once, so it must be forgotten before that.
   */
  void unbind(XenPort port) throws IOException {
    if (!ports.remove(port.port().value(), port) || evtchn.isClosed()) {
      return;
    }
    evtchn.use(
        device -> {
          Ioctl.unbind(device, port.port());
          return port;
        });
  }

  static Deadline patience() {
    return Deadline.after(PATIENCE);
  }

  private static IOException general(SystemCallException cause) {
    return switch (cause.errno()) {
      case SystemCallException.ENOSPC, SystemCallException.ENOMEM ->
          refused("event channels", cause, "close channels; a domain has 1024 to 131072 of them");
      case SystemCallException.EACCES ->
          refused("/dev/xen/evtchn", cause, "it was opened for one other domain alone");
      default -> cause;
    };
  }

  private static SystemRefusedException refused(
      String resource, SystemCallException cause, String remedy) {
    SystemRefusedException refused =
        new SystemRefusedException(resource, String.valueOf(cause.getMessage()), remedy);
    refused.initCause(cause);
    return refused;
  }

  @Override
  public void end() {
    ports.values().forEach(XenPort::end);
  }

  /** Ends the thread, and every port. Idempotent. */
  @Override
  public void close() throws IOException {
    synchronized (this) {
      closed = true;
    }
    try (evtchn;
        dispatcher) {
      end();
      // Before the device, with which the ports are given back.
      Closing.all(ports.values().stream().map(XenPort::sign).toList());
    }
  }
}
