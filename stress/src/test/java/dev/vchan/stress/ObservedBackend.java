// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Events;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Rendezvous;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** A backend that tells, at a few calls of the handshake, that they are made. */
final class ObservedBackend implements Backend, Memory, Events, Rendezvous {

  private final Backend observed;
  private final Observer observer;

  ObservedBackend(Backend observed, Observer observer) {
    this.observed = observed;
    this.observer = observer;
  }

  /** Is told. */
  interface Observer {

    /** A handshake begins: of a server with the making of a page, of a client with the bind. */
    default void handshakeBegins() {}

    /** A server has published its page, or a client has found that it cannot have one. */
    default void waitBegins() {}

    /** A control page was made or mapped. */
    default void controlPage(MemorySegment page) {}
  }

  @Override
  public EventChannel listen(DomainId peer) throws IOException {
    observer.handshakeBegins();
    return observed.events().listen(peer);
  }

  @Override
  public EventChannel connect(DomainId peer, EventPort port) throws IOException {
    observer.handshakeBegins();
    try {
      return observed.events().connect(peer, port);
    } catch (IOException e) {
      observer.waitBegins();
      throw e;
    }
  }

  @Override
  public Share share(DomainId peer, int pages, Optional<UnmapNotify> notify) throws IOException {
    Share made = observed.memory().share(peer, pages, notify);
    notify.ifPresent(unused -> observer.controlPage(made.segment()));
    return made;
  }

  @Override
  public Mapping map(
      DomainId peer, List<GrantRef> grants, Access access, Optional<UnmapNotify> notify)
      throws IOException {
    Mapping made = observed.memory().map(peer, grants, access, notify);
    notify.ifPresent(unused -> observer.controlPage(made.segment()));
    return made;
  }

  @Override
  public Registration register(RendezvousPath path, DomainId client) throws IOException {
    Registration taken = observed.rendezvous().register(path, client);
    return new Registration() {
      @Override
      public void publish(Advertisement advertisement) throws IOException {
        taken.publish(advertisement);
        observer.waitBegins();
      }

      @Override
      public void withdraw() throws IOException {
        taken.withdraw();
      }

      @Override
      public void close() throws IOException {
        taken.close();
      }
    };
  }

  @Override
  public Watch watch(RendezvousPath path, DomainId server) throws IOException {
    return observed.rendezvous().watch(path, server);
  }

  @Override
  public String name() {
    return observed.name();
  }

  @Override
  public DomainId self() {
    return observed.self();
  }

  @Override
  public Memory memory() {
    return this;
  }

  @Override
  public Events events() {
    return this;
  }

  @Override
  public Rendezvous rendezvous() {
    return this;
  }

  @Override
  public RingSizes defaultSizes() {
    return observed.defaultSizes();
  }

  @Override
  public void close() throws IOException {
    observed.close();
  }
}
