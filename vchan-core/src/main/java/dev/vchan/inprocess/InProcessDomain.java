// SPDX-License-Identifier: Apache-2.0
package dev.vchan.inprocess;

import dev.vchan.DomainId;
import dev.vchan.RingSizes;
import dev.vchan.spi.Backend;
import dev.vchan.spi.Events;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Rendezvous;
import java.io.IOException;
import java.util.List;

/** One domain's view of an {@link InProcessHost}. */
final class InProcessDomain implements Backend {

  /** Large enough that a ring is rarely the limit; memory is all it costs here. */
  private static final RingSizes DEFAULT_SIZES = RingSizes.both(64 * 1024);

  private final InProcessHost host;
  private final DomainId self;
  private final InProcessPorts ports;
  private final InProcessPages pages;
  private final Rendezvous rendezvous;
  private volatile boolean alive = true;

  InProcessDomain(InProcessHost host, DomainId self) {
    this.host = host;
    this.self = self;
    this.ports = new InProcessPorts(host, self);
    this.pages = new InProcessPages(host, self);
    this.rendezvous = host.store().of(host, this);
  }

  @Override
  public String name() {
    return "in-process";
  }

  @Override
  public DomainId self() {
    return self;
  }

  @Override
  public Memory memory() {
    return pages;
  }

  @Override
  public Events events() {
    return ports;
  }

  @Override
  public Rendezvous rendezvous() {
    return rendezvous;
  }

  @Override
  public RingSizes defaultSizes() {
    return DEFAULT_SIZES;
  }

  InProcessPorts ports() {
    return ports;
  }

  InProcessPages pages() {
    return pages;
  }

  /**
   * Ends the domain. The peers' ends know that it died before any byte is cleared, and each event
   * comes after its byte.
   */
  void die(boolean announced) {
    alive = false;
    ports.markDead();
    if (announced) {
      pages.unmapAll();
      ports.closeAll();
    } else {
      host.store().forget(this);
    }
  }

  /** Whether this domain is still the one of its number. */
  boolean isAlive() {
    return alive;
  }

  void leftovers(List<String> found) {
    ports.leftovers(found);
    pages.leftovers(found);
  }

  /** Nothing to give back: a domain holds no threads and no files. */
  @Override
  public void close() throws IOException {}
}
