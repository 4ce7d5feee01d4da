// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.EventChannel;
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

/** The event channels of this process: one open device, and the thread that reads it. */
final class XenEvents implements Events, Closeable {

  /** Whoever is blocked in a call looks now and then, and should not wait for this instead. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Device evtchn;
  private final XenStore store;
  private final Map<Integer, XenPort> ports = new ConcurrentHashMap<>();
  private final EventDispatcher dispatcher;

  private XenEvents(Device evtchn, XenStore store) throws IOException {
    this.evtchn = evtchn;
    this.store = store;
    this.dispatcher = new EventDispatcher(evtchn.descriptor(), this);
  }

  static Device openEvtchn() throws IOException {
    return Device.open("/dev/xen/evtchn", "xen-evtchn", false);
  }

  static XenEvents open(XenStore store) throws IOException {
    Device evtchn = openEvtchn();
    try {
      return new XenEvents(evtchn, store);
    } catch (IOException | RuntimeException | Error e) {
      try (evtchn) {
        throw e;
      }
    }
  }

  @Override
  public EventChannel listen(DomainId peer) throws IOException {
    try {
      return evtchn.use(device -> add(peer, () -> Ioctl.bindUnbound(device, peer)));
    } catch (SystemCallException e) {
      throw general(e);
    }
  }

  @Override
  public EventChannel connect(DomainId peer, EventPort port) throws IOException {
    try {
      XenPort own =
          evtchn.use(device -> add(peer, () -> Ioctl.bindInterdomain(device, peer, port)));
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

  private interface Bind {
    EventPort bind() throws IOException;
  }

  /** Events of a port find it known: the dispatcher looks for it under the same lock. */
  private synchronized XenPort add(DomainId peer, Bind bind) throws IOException {
    XenPort port = new XenPort(this, peer, bind.bind());
    ports.put(port.port().value(), port);
    return port;
  }

  /** An event has arrived at a port, which may have been closed meanwhile. */
  synchronized void arrived(int port) {
    XenPort found = ports.get(port);
    if (found != null) {
      found.wake();
    }
  }

  /** The numbers of all ports. */
  List<Integer> numbers() {
    return List.copyOf(ports.keySet());
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

  /**
   * Whether a domain is there. XenStore is asked, and not the hypervisor: that one knows a domain
   * that was destroyed as long as pages of it are mapped anywhere, here for instance.
   */
  boolean exists(DomainId domain) {
    try {
      return store.isIntroduced(domain, Deadline.after(PATIENCE));
    } catch (IOException e) {
      // Nothing is known then, and nobody is declared dead for that.
      return true;
    }
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

  /** Nothing will arrive any more: every port is over, and whoever waits looks. */
  void end() {
    ports.values().forEach(XenPort::end);
  }

  /** Ends the thread, and every port. Idempotent. */
  @Override
  public void close() throws IOException {
    try (evtchn) {
      dispatcher.close();
    } finally {
      end();
    }
  }
}
