// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule.world;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventCounter;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Events;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Rendezvous;
import dev.vchan.spi.StaleAdvertisementException;
import dev.vchan.testkit.schedule.Scheduler;
import dev.vchan.testkit.schedule.Seam;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The machine under the endpoint: two domains with a process each, on a Xen of a few lines. Every
 * call of it is a moment at which others may run.
 *
 * <p>As on Xen, an event is a bit: it is set at the other end, and some time later delivered, once
 * however often it was set; a fresh end has one pending; one to an end that is not bound is lost.
 * Nobody can ask whether the other process lives. When a process ends its pages are unmapped, which
 * clears a byte and then sends an event, and what it advertised stays.
 */
final class Machine {

  static final int SERVER = 0;
  static final int CLIENT = 1;

  /** What the scheduler is told that a call is about. */
  private static final int PORTS = 1;

  private static final int STORE = 2;
  private static final int GRANTS = 3;

  private final Scheduler scheduler = Seam.scheduler();
  private final Domain[] domains = {new Domain(0), new Domain(1)};
  private final List<Port> ports = new ArrayList<>();
  private final List<View> pages = new ArrayList<>();
  private @Nullable Advertisement advertised;
  private @Nullable Eye eye;
  private boolean registered;
  private boolean late;

  /**
   * Everything of before is gone.
   *
   * @param lateEvents whether events arrive some time after they were sent, and may have become one
   */
  void restart(boolean lateEvents) {
    ports.clear();
    pages.clear();
    advertised = null;
    eye = null;
    registered = false;
    late = lateEvents;
    if (late) {
      scheduler.spawn(Scheduler.NOBODY, "hypervisor", this::deliver);
    }
  }

  Backend domain(int number) {
    return domains[number];
  }

  void mayDie(int number) {
    scheduler.mayDie(number, () -> bury(number));
  }

  private void bury(int number) {
    for (View mine : pages.stream().filter(view -> view.owner == number).toList()) {
      mine.close();
    }
    for (Port port : List.copyOf(ports)) {
      if (port.owner == number) {
        port.close();
      }
    }
    if (number == SERVER) {
      registered = false;
    } else {
      eye = null;
    }
  }

  /** What is held still. */
  List<String> leftovers() {
    List<String> left = new ArrayList<>();
    ports.forEach(port -> left.add("port " + port.number));
    pages.forEach(view -> left.add("pages of domain " + view.owner));
    if (registered) {
      left.add("a registration");
    }
    if (eye != null) {
      left.add("a watch");
    }
    return left;
  }

  private static DomainId id(int number) {
    return new DomainId(number + 1);
  }

  /** One domain's view. */
  private final class Domain implements Backend, Memory, Events, Rendezvous {

    private final int number;

    Domain(int number) {
      this.number = number;
    }

    @Override
    public String name() {
      return "scheduled";
    }

    @Override
    public DomainId self() {
      return id(number);
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
      return RingSizes.both(0);
    }

    @Override
    public void close() {}

    @Override
    public Share share(DomainId peer, int count, Optional<UnmapNotify> notify) {
      scheduler.systemCall(GRANTS);
      return new View(number, scheduler.pages().allocate(), true, notify);
    }

    @Override
    public Mapping map(
        DomainId peer, List<GrantRef> grants, Access access, Optional<UnmapNotify> notify)
        throws IOException {
      scheduler.systemCall(GRANTS);
      int page = grants.getFirst().value();
      boolean granted =
          pages.stream().anyMatch(view -> view.owner != number && view.page == page && view.own);
      if (!granted || grants.size() > 1) {
        throw new StaleAdvertisementException(grants + " are not granted, or not one page");
      }
      return new View(number, page, false, notify);
    }

    @Override
    public EventChannel listen(DomainId peer) {
      scheduler.systemCall(PORTS);
      return new Port(number);
    }

    @Override
    public EventChannel connect(DomainId peer, EventPort wanted) throws IOException {
      scheduler.systemCall(PORTS);
      for (Port other : ports) {
        if (other.number == wanted.value() && other.owner != number && other.bound == null) {
          Port port = new Port(number);
          port.bound = other;
          other.bound = port;
          port.raise();
          return port;
        }
      }
      throw new StaleAdvertisementException("port " + wanted + " cannot be bound");
    }

    @Override
    public Registration register(RendezvousPath path, DomainId client) throws IOException {
      scheduler.systemCall(STORE);
      if (registered) {
        throw new SystemRefusedException("the path is taken", "one server", "close it");
      }
      registered = true;
      return new Entry();
    }

    @Override
    public Watch watch(RendezvousPath path, DomainId server) {
      scheduler.systemCall(STORE);
      eye = new Eye();
      return eye;
    }
  }

  /** One process's view of a page. */
  private final class View implements Memory.Share, Memory.Mapping {

    private final int owner;
    private final int page;
    private final boolean own;
    private final MemorySegment segment;
    private final Optional<Memory.UnmapNotify> notify;

    View(int owner, int page, boolean own, Optional<Memory.UnmapNotify> notify) {
      this.owner = owner;
      this.page = page;
      this.own = own;
      this.segment = scheduler.pages().map(page, true);
      this.notify = notify;
      pages.add(this);
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public List<GrantRef> grants() {
      return List.of(new GrantRef(page));
    }

    @Override
    public void close() {
      scheduler.systemCall(GRANTS);
      if (!pages.remove(this)) {
        return;
      }
      scheduler.pages().unmap(segment);
      notify.ifPresent(wanted -> scheduler.pages().clearByte(page, wanted.byteOffset()));
      notify.ifPresent(wanted -> ((Port) wanted.channel()).send());
    }
  }

  /** One end of an event channel. */
  private final class Port implements EventChannel {

    private final int number;
    private final int owner;
    private final EventCounter counter = new EventCounter();
    private @Nullable Port bound;
    private boolean pending;
    private boolean open = true;

    Port(int owner) {
      this.owner = owner;
      this.number = ports.size() + 1;
      ports.add(this);
    }

    @Override
    public EventPort port() {
      return new EventPort(number);
    }

    @Override
    public void send() {
      scheduler.systemCall(PORTS);
      if (bound != null) {
        bound.raise();
      }
    }

    private void raise() {
      if (late) {
        pending = true;
        scheduler.wake(Machine.this);
      } else {
        counter.signal();
      }
    }

    @Override
    public long received() {
      return counter.count();
    }

    @Override
    public boolean await(long seen, long timeoutNanos) {
      return counter.await(seen, timeoutNanos);
    }

    @Override
    public void wake() {
      counter.signal();
    }

    @Override
    public Peer peer() {
      return Peer.UNKNOWN;
    }

    @Override
    public void close() {
      scheduler.systemCall(PORTS);
      if (!open) {
        return;
      }
      open = false;
      ports.remove(this);
      if (bound != null) {
        bound.bound = null;
        bound = null;
      }
      counter.signal();
    }
  }

  /** Delivers events: each bit that is set is taken back, and counted once. */
  private void deliver() {
    for (; ; ) {
      scheduler.systemCall(PORTS);
      Port ready = null;
      for (Port port : ports) {
        if (port.pending) {
          ready = port;
        }
      }
      if (ready == null) {
        scheduler.await(this);
      } else {
        ready.pending = false;
        ready.counter.signal();
      }
    }
  }

  /** A server's hold on the path. */
  private final class Entry implements Rendezvous.Registration {

    private boolean open = true;

    @Override
    public void publish(Advertisement advertisement) {
      change(advertisement);
    }

    @Override
    public void withdraw() {
      change(null);
    }

    private void change(@Nullable Advertisement advertisement) {
      scheduler.systemCall(STORE);
      advertised = advertisement;
      if (eye != null) {
        eye.counter.signal();
      }
    }

    @Override
    public void close() {
      if (open) {
        open = false;
        change(null);
        registered = false;
      }
    }
  }

  /** A client's eye on the path. */
  private final class Eye implements Rendezvous.Watch {

    private final EventCounter counter = new EventCounter();

    @Override
    public Optional<Advertisement> look() {
      scheduler.systemCall(STORE);
      return Optional.ofNullable(advertised);
    }

    @Override
    public long changes() {
      return counter.count();
    }

    @Override
    public boolean await(long seen, long timeoutNanos) {
      return counter.await(seen, timeoutNanos);
    }

    @Override
    public void close() {
      scheduler.systemCall(STORE);
      eye = null;
    }
  }
}
