// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Events;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Rendezvous;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** A backend that maps one page and has nobody at the other end of its events: enough to join. */
record OnePage(MemorySegment segment)
    implements Backend, Memory, Memory.Mapping, Events, EventChannel {

  @Override
  public Memory memory() {
    return this;
  }

  @Override
  public Mapping map(
      DomainId peer, List<GrantRef> grants, Access access, Optional<UnmapNotify> notify) {
    return this;
  }

  @Override
  public Events events() {
    return this;
  }

  @Override
  public EventChannel connect(DomainId peer, EventPort port) {
    return this;
  }

  @Override
  public void send() {}

  @Override
  public void close() {}

  // What joining does not need.

  @Override
  public String name() {
    throw new UnsupportedOperationException();
  }

  @Override
  public DomainId self() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Rendezvous rendezvous() {
    throw new UnsupportedOperationException();
  }

  @Override
  public RingSizes defaultSizes() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Share share(DomainId peer, int pages, Optional<UnmapNotify> notify) {
    throw new UnsupportedOperationException();
  }

  @Override
  public EventChannel listen(DomainId peer) {
    throw new UnsupportedOperationException();
  }

  @Override
  public EventPort port() {
    throw new UnsupportedOperationException();
  }

  @Override
  public long received() {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean await(long seen, long timeoutNanos) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void wake() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Peer peer() {
    throw new UnsupportedOperationException();
  }
}
