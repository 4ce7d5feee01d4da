// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory.Access;
import dev.vchan.spi.Memory.Region;
import dev.vchan.spi.Memory.Share;
import dev.vchan.spi.Memory.UnmapNotify;
import dev.vchan.spi.Rendezvous.Registration;
import dev.vchan.spi.Rendezvous.Watch;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The other side of a vchan as an attacker plays it, over the SPI of any backend. It knows the page
 * from Xen's header ({@link InterfacePage}), not from the core.
 *
 * <p>Left alone it is correct. A server is {@link #server} and then {@link #publish}; a client is
 * {@link #lookUp}, {@link #bind}, {@link #map} and {@link #enter}. Between any two of these steps,
 * and at any time afterwards, a test stores whatever it likes into {@link #page} and the rings,
 * sends events or none, and lets go of things in any order.
 *
 * <p>What the peer says about itself lies at {@link #ownProd}, {@link #ownCons}, {@link #ownLive}
 * and {@link #askByte}; what the side under attack says at the corresponding {@code victim}
 * offsets.
 *
 * <p>{@link #produce} and {@link #consume} keep no private index, as libxenvchan keeps none. May be
 * used from several threads, in so far as a test wants the mess that makes.
 */
public final class HostilePeer implements AutoCloseable {

  private static final int PAGE = 4096;
  private static final int SMALLEST_PAGED_ORDER = 12;

  private final Backend backend;
  private final DomainId victim;
  private final RendezvousPath path;
  private final boolean server;

  private @Nullable Registration registration;
  private @Nullable Advertisement advertisement;
  private @Nullable EventChannel events;
  private @Nullable Region control;
  private final List<Region> rings = new ArrayList<>();
  private @Nullable MemorySegment left;
  private @Nullable MemorySegment right;
  private long eventsTaken;

  private HostilePeer(Backend backend, DomainId victim, RendezvousPath path, boolean server) {
    this.backend = backend;
    this.victim = victim;
    this.path = path;
    this.server = server;
  }

  /**
   * A server whose page is complete, correct and not yet published, without half-close. Orders that
   * no page may have are written all the same; a ring with such an order is then missing.
   *
   * @param backend the peer's own
   * @param client the domain under attack
   * @param path where to advertise
   * @param leftOrder base-2 logarithm of the ring the server reads
   * @param rightOrder the same of the ring it writes
   * @return the server
   * @throws IOException if the backend fails
   */
  public static HostilePeer server(
      Backend backend, DomainId client, RendezvousPath path, int leftOrder, int rightOrder)
      throws IOException {
    HostilePeer peer = new HostilePeer(backend, client, path, true);
    EventChannel channel = backend.events().listen(client);
    peer.events = channel;
    Optional<UnmapNotify> notify = Optional.of(new UnmapNotify(InterfacePage.SRV_LIVE, channel));
    Share page = backend.memory().share(client, 1, notify);
    peer.control = page;
    List<GrantRef> grants = new ArrayList<>();
    peer.left = peer.shareRing(leftOrder, grants);
    peer.right = peer.shareRing(rightOrder, grants);
    InterfacePage fields = peer.page();
    fields.store16(InterfacePage.LEFT_ORDER, leftOrder);
    fields.store16(InterfacePage.RIGHT_ORDER, rightOrder);
    for (int i = 0; i < grants.size(); i++) {
      fields.store32(InterfacePage.GRANTS + Integer.BYTES * i, grants.get(i).value());
    }
    fields.store8(InterfacePage.CLI_LIVE, 2);
    fields.store8(InterfacePage.SRV_LIVE, 1);
    fields.store8(InterfacePage.CLI_NOTIFY, InterfacePage.NOTIFY_WRITE);
    peer.advertisement = new Advertisement(page.grants().getFirst(), channel.port());
    return peer;
  }

  private @Nullable MemorySegment shareRing(int order, List<GrantRef> grants) throws IOException {
    if (order < SMALLEST_PAGED_ORDER || order > 20) {
      return placeInPage(order);
    }
    Share ring =
        backend.memory().share(victim, 1 << (order - SMALLEST_PAGED_ORDER), Optional.empty());
    rings.add(ring);
    grants.addAll(ring.grants());
    return ring.segment();
  }

  private @Nullable MemorySegment placeInPage(int order) {
    return order == 10 || order == 11 ? page().memory().asSlice(1L << order, 1L << order) : null;
  }

  /**
   * Server: advertises the page.
   *
   * @return this
   * @throws IOException if the backend fails
   */
  public HostilePeer publish() throws IOException {
    return publish(advertisement());
  }

  /**
   * Server: advertises something else.
   *
   * @param lie what to publish
   * @return this
   * @throws IOException if the backend fails
   */
  public HostilePeer publish(Advertisement lie) throws IOException {
    if (registration == null) {
      registration = backend.rendezvous().register(path, victim);
    }
    registration.publish(lie);
    return this;
  }

  /**
   * Server: takes the advertisement away and gives the path up.
   *
   * @throws IOException if the backend fails
   */
  public void withdraw() throws IOException {
    if (registration != null) {
      registration.close();
      registration = null;
    }
  }

  /**
   * A client that has done nothing yet.
   *
   * @param backend the peer's own
   * @param server the domain under attack
   * @param path where it advertises
   * @return the client
   */
  public static HostilePeer client(Backend backend, DomainId server, RendezvousPath path) {
    return new HostilePeer(backend, server, path, false);
  }

  /**
   * Client: waits for the advertisement and remembers it.
   *
   * @param deadline when to give up
   * @return this
   * @throws IOException if nothing is advertised in time, or the backend fails
   */
  public HostilePeer lookUp(Deadline deadline) throws IOException {
    try (Watch watch = backend.rendezvous().watch(path, victim)) {
      for (; ; ) {
        long seen = watch.changes();
        Optional<Advertisement> found = watch.look();
        if (found.isPresent()) {
          advertisement = found.get();
          return this;
        }
        long left = deadline.remainingNanos();
        if (left == 0) {
          throw new IOException("nothing is advertised at " + path);
        }
        watch.await(seen, left);
      }
    }
  }

  /**
   * Client: binds to the advertised port.
   *
   * @return this
   * @throws IOException if the backend refuses
   */
  public HostilePeer bind() throws IOException {
    return bind(advertisement().eventChannel());
  }

  /**
   * Client: binds to a port of its choice.
   *
   * @param port which
   * @return this
   * @throws IOException if the backend refuses
   */
  public HostilePeer bind(EventPort port) throws IOException {
    EventChannel channel = backend.events().connect(victim, port);
    events = channel;
    eventsTaken = channel.received();
    return this;
  }

  /**
   * Client: maps the page, and the rings by the orders and grants in it. The unmap notification is
   * set up if there is a port to send it on.
   *
   * @return this
   * @throws IOException if the backend refuses
   */
  public HostilePeer map() throws IOException {
    Optional<UnmapNotify> notify =
        events == null
            ? Optional.empty()
            : Optional.of(new UnmapNotify(InterfacePage.CLI_LIVE, events));
    List<GrantRef> page = List.of(advertisement().ringRef());
    control = backend.memory().map(victim, page, Access.READ_WRITE, notify);
    int leftOrder = page().load16(InterfacePage.LEFT_ORDER);
    int leftPages = leftOrder < SMALLEST_PAGED_ORDER ? 0 : 1 << (leftOrder - SMALLEST_PAGED_ORDER);
    left = mapRing(leftOrder, 0);
    right = mapRing(page().load16(InterfacePage.RIGHT_ORDER), leftPages);
    return this;
  }

  private @Nullable MemorySegment mapRing(int order, int firstGrant) throws IOException {
    if (order < SMALLEST_PAGED_ORDER) {
      return placeInPage(order);
    }
    List<GrantRef> grants = new ArrayList<>();
    for (int i = 0; i < 1 << (order - SMALLEST_PAGED_ORDER); i++) {
      int offset = InterfacePage.GRANTS + Integer.BYTES * (firstGrant + i);
      grants.add(new GrantRef(page().load32(offset)));
    }
    Region ring = backend.memory().map(victim, grants, Access.READ_WRITE, Optional.empty());
    rings.add(ring);
    return ring.segment();
  }

  /**
   * Client: announces itself in the page and sends the event, in libxenvchan's order.
   *
   * @return this
   * @throws IOException if the backend fails
   */
  public HostilePeer enter() throws IOException {
    page().store8(InterfacePage.CLI_LIVE, 1);
    page().store8(InterfacePage.SRV_NOTIFY, InterfacePage.NOTIFY_WRITE);
    event();
    return this;
  }

  /**
   * The shared page, to load from and store to at will.
   *
   * @return the page
   */
  public InterfacePage page() {
    return new InterfacePage(present(control, "page").segment().asSlice(0, PAGE));
  }

  /**
   * What was advertised, or would be.
   *
   * @return reference and port
   */
  public Advertisement advertisement() {
    return present(advertisement, "advertisement");
  }

  /**
   * The peer's end of the event channel.
   *
   * @return the end
   */
  public EventChannel events() {
    return present(events, "event channel");
  }

  /**
   * The ring the side under attack reads from.
   *
   * @return exactly its bytes
   */
  public MemorySegment ringIntoVictim() {
    return present(server ? right : left, "ring");
  }

  /**
   * The ring the side under attack writes to.
   *
   * @return exactly its bytes
   */
  public MemorySegment ringFromVictim() {
    return present(server ? left : right, "ring");
  }

  /**
   * Where the peer says how far it has written.
   *
   * @return offset of a u32
   */
  public int ownProd() {
    return server ? InterfacePage.RIGHT_PROD : InterfacePage.LEFT_PROD;
  }

  /**
   * Where the peer says how far it has read.
   *
   * @return offset of a u32
   */
  public int ownCons() {
    return server ? InterfacePage.LEFT_CONS : InterfacePage.RIGHT_CONS;
  }

  /**
   * Where the side under attack says how far it has written.
   *
   * @return offset of a u32
   */
  public int victimProd() {
    return server ? InterfacePage.LEFT_PROD : InterfacePage.RIGHT_PROD;
  }

  /**
   * Where the side under attack says how far it has read.
   *
   * @return offset of a u32
   */
  public int victimCons() {
    return server ? InterfacePage.RIGHT_CONS : InterfacePage.LEFT_CONS;
  }

  /**
   * Where the peer says that it is there.
   *
   * @return offset of a u8
   */
  public int ownLive() {
    return server ? InterfacePage.SRV_LIVE : InterfacePage.CLI_LIVE;
  }

  /**
   * Where the side under attack says that it is there.
   *
   * @return offset of a u8
   */
  public int victimLive() {
    return server ? InterfacePage.CLI_LIVE : InterfacePage.SRV_LIVE;
  }

  /**
   * Where the peer asks for events.
   *
   * @return offset of a u8
   */
  public int askByte() {
    return server ? InterfacePage.CLI_NOTIFY : InterfacePage.SRV_NOTIFY;
  }

  /**
   * Where the side under attack asks the peer for events.
   *
   * @return offset of a u8
   */
  public int victimAskByte() {
    return server ? InterfacePage.SRV_NOTIFY : InterfacePage.CLI_NOTIFY;
  }

  /**
   * Puts bytes into the ring at the peer's own index and moves it, without an event.
   *
   * @param bytes what to put; more than fits overwrites what is there
   */
  public void produce(byte... bytes) {
    MemorySegment ring = ringIntoVictim();
    int start = page().load32(ownProd());
    for (int i = 0; i < bytes.length; i++) {
      ring.set(ValueLayout.JAVA_BYTE, (start + i) & (ring.byteSize() - 1), bytes[i]);
    }
    page().store32(ownProd(), start + bytes.length);
  }

  /**
   * Takes everything that is in the ring from the side under attack, without an event.
   *
   * @return the bytes
   */
  public byte[] consume() {
    MemorySegment ring = ringFromVictim();
    int start = page().load32(ownCons());
    byte[] bytes = new byte[page().load32(victimProd()) - start];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = ring.get(ValueLayout.JAVA_BYTE, (start + i) & (ring.byteSize() - 1));
    }
    page().store32(ownCons(), start + bytes.length);
    return bytes;
  }

  /**
   * Sends an event.
   *
   * @throws IOException if the backend fails
   */
  public void event() throws IOException {
    events().send();
  }

  /**
   * How many events have come since this was last asked, or since the peer bound or listened.
   *
   * @return their number
   */
  public synchronized long newEvents() {
    long received = events().received();
    long fresh = received - eventsTaken;
    eventsTaken = received;
    return fresh;
  }

  /**
   * Says goodbye as a correct peer does: live byte, then event. Everything stays mapped.
   *
   * @throws IOException if the backend fails
   */
  public void leave() throws IOException {
    page().store8(ownLive(), 0);
    event();
  }

  /**
   * Gives the rings back, or their mapping.
   *
   * @throws IOException if the backend fails
   */
  public void unmapRings() throws IOException {
    while (!rings.isEmpty()) {
      rings.removeLast().close();
    }
  }

  /**
   * Gives the page back, or its mapping; the backend then clears the live byte and sends an event.
   *
   * @throws IOException if the backend fails
   */
  public void unmapPage() throws IOException {
    if (control != null) {
      control.close();
      control = null;
    }
  }

  /**
   * Closes the event channel; the other end hears nothing of it.
   *
   * @throws IOException if the backend fails
   */
  public void unbind() throws IOException {
    if (events != null) {
      events.close();
      events = null;
    }
  }

  /**
   * Lets go of whatever is left. Not a goodbye: but the backend clears the live byte if the page is
   * still mapped, and sends the event if the port is still bound.
   */
  @Override
  public void close() throws IOException {
    withdraw();
    unmapRings();
    unmapPage();
    unbind();
  }

  private static <T> T present(@Nullable T value, String what) {
    if (value == null) {
      throw new IllegalStateException("the peer has no " + what + " at this step");
    }
    return value;
  }
}
