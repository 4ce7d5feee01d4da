// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.DomainId;
import dev.vchan.RingSizes;
import dev.vchan.spi.Backend;
import dev.vchan.spi.Events;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Rendezvous;
import dev.vchan.xen.xenstore.XenStore;
import java.io.IOException;

/** A domain with pages and events of this JVM, which meets others in XenStore. */
final class MeetingDomain implements Backend {

  private final Backend behind;
  private final XenStore store;
  private final XenRendezvous rendezvous;

  MeetingDomain(Backend behind, XenStore store) {
    this.behind = behind;
    this.store = store;
    this.rendezvous = new XenRendezvous(store, behind.self());
  }

  @Override
  public String name() {
    return "fake xen";
  }

  @Override
  public DomainId self() {
    return behind.self();
  }

  @Override
  public Memory memory() {
    return behind.memory();
  }

  @Override
  public Events events() {
    return behind.events();
  }

  @Override
  public Rendezvous rendezvous() {
    return rendezvous;
  }

  @Override
  public RingSizes defaultSizes() {
    return behind.defaultSizes();
  }

  @Override
  public void close() throws IOException {
    try (store;
        behind) {
      rendezvous.close();
    }
  }
}
