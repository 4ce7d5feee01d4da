// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import dev.vchan.DomainId;
import dev.vchan.RingSizes;
import java.io.IOException;
import java.util.Optional;

/**
 * One place in which vchans can live: shared memory, events and a rendezvous, as one domain sees
 * them. All methods may be called from any thread.
 *
 * @implSpec A backend behaves as Xen does, so that nothing in the endpoint needs to know which one
 *     it has. Every method of the four interfaces either does what it says or throws and leaves
 *     nothing behind. A limit that is reached is a {@link dev.vchan.SystemRefusedException}.
 */
public interface Backend extends AutoCloseable {

  /**
   * What users call it.
   *
   * @return {@code in-process}, {@code local} or {@code xen}
   */
  String name();

  /**
   * The domain this backend speaks for.
   *
   * @return own domain id
   */
  DomainId self();

  /**
   * Shares and maps pages.
   *
   * @return the memory of this backend
   */
  Memory memory();

  /**
   * Binds event channels.
   *
   * @return the events of this backend
   */
  Events events();

  /**
   * Brings servers and clients together.
   *
   * @return the rendezvous of this backend
   */
  Rendezvous rendezvous();

  /**
   * Sizes a server uses when its caller names none.
   *
   * @return sizes that suit what memory and wake-ups cost here
   */
  RingSizes defaultSizes();

  /**
   * What lets two sides agree to publish without a fence.
   *
   * @return a barrier that reaches every peer that has one as well, as only those under the same
   *     kernel can be reached; empty if there is none
   */
  default Optional<MemoryBarrier> memoryBarrier() {
    return Optional.empty();
  }

  /**
   * Gives back what the backend itself holds (threads, directories, devices). Vchans that are still
   * open fail from here on. Idempotent.
   *
   * @throws IOException if something could not be given back; the rest has been
   */
  @Override
  void close() throws IOException;
}
