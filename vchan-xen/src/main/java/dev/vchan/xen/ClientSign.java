// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.DomainId;
import dev.vchan.spi.EventPort;
import java.io.IOException;

/**
 * What a server sees of its client's domain. It maps no page of it, so the hypervisor forgets a
 * domain that is destroyed, and says so to whoever wants to bind to one of its ports. Leaves in
 * XenStore {@linkplain ServerSign what the client needs}.
 */
final class ClientSign implements Sign {

  /** Reserved in every domain ({@code evtchn_init} in Xen's event_channel.c): never to be bound. */
  private static final EventPort NOBODYS = new EventPort(0);

  private final XenRendezvous rendezvous;
  private final Device evtchn;
  private final DomainId client;
  private final EventPort own;

  /** Guarded by this object, as is the next. */
  private boolean left;

  private boolean closed;

  ClientSign(XenRendezvous rendezvous, Device evtchn, DomainId client, EventPort own) {
    this.rendezvous = rendezvous;
    this.evtchn = evtchn;
    this.client = client;
    this.own = own;
  }

  @Override
  public synchronized void begin() throws IOException {
    if (closed) {
      throw new IOException("the backend is closed");
    }
    left = true;
    ServerSign.leave(rendezvous, client, own);
  }

  @Override
  public boolean isThere() throws IOException {
    try {
      return evtchn.use(device -> Ioctl.bindInterdomain(device, client, NOBODYS)) != null;
    } catch (SystemCallException e) {
      return e.errno() != SystemCallException.ESRCH;
    }
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    if (left) {
      left = false;
      ServerSign.takeBack(rendezvous, own);
    }
  }
}
