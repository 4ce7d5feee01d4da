// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import dev.vchan.DomainId;
import java.io.IOException;

/** Event channels: what /dev/xen/evtchn does on Xen. */
public interface Events {

  /**
   * Allocates a port to which {@code peer}, and nobody else, may bind once ({@code
   * BIND_UNBOUND_PORT}). When the peer closes its end or dies the port is unbound again and can be
   * bound anew.
   *
   * @param peer the domain that may bind
   * @return own end
   * @throws dev.vchan.SystemRefusedException if no port is to be had
   * @throws IOException if the system fails otherwise
   */
  EventChannel listen(DomainId peer) throws IOException;

  /**
   * Binds to a port that {@code peer} allocated for this domain ({@code BIND_INTERDOMAIN}). When
   * this returns the peer's end is bound. The new end has one event pending at once, as on Xen:
   * what was sent before the bind may have been lost.
   *
   * @param peer the domain that allocated the port
   * @param port the port, as the peer advertised it
   * @return own end
   * @throws StaleAdvertisementException if there is no such port, it is not for this domain, or it
   *     is bound to somebody else at the moment
   * @throws IOException if the system fails otherwise
   */
  EventChannel connect(DomainId peer, EventPort port) throws IOException;
}
