// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.peers;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Memory.Access;
import dev.vchan.spi.Memory.UnmapNotify;
import dev.vchan.spi.Rendezvous.Registration;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * One side of a vchan as bare pages and an event channel: everything a peer can touch, and no rule
 * about how. Knows the offsets of io/libxenvchan.h by itself, so that a mistake in the endpoint's
 * own offsets shows.
 */
public final class RawPeer implements AutoCloseable {

  /** Offset of the bytes the server has consumed. */
  public static final int LEFT_CONS = 0;

  /** Offset of the bytes the client has produced. */
  public static final int LEFT_PROD = 4;

  /** Offset of the bytes the client has consumed. */
  public static final int RIGHT_CONS = 8;

  /** Offset of the bytes the server has produced. */
  public static final int RIGHT_PROD = 12;

  /** Offset of the order of the ring that the client writes. */
  public static final int LEFT_ORDER = 16;

  /** Offset of the order of the ring that the server writes. */
  public static final int RIGHT_ORDER = 18;

  /** Offset of the client's live byte. */
  public static final int CLI_LIVE = 20;

  /** Offset of the server's live byte. */
  public static final int SRV_LIVE = 21;

  /** Offset of the byte in which the server asks. */
  public static final int CLI_NOTIFY = 22;

  /** Offset of the byte in which the client asks. */
  public static final int SRV_NOTIFY = 23;

  /** Offset of the first grant. */
  public static final int GRANTS = 24;

  private static final int WORD = 20;
  private static final VarHandle INT = ValueLayout.JAVA_INT.withOrder(LITTLE_ENDIAN).varHandle();
  private static final VarHandle SHORT =
      ValueLayout.JAVA_SHORT.withOrder(LITTLE_ENDIAN).varHandle();
  private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();

  private final Backend backend;
  private final DomainId other;
  private final Deque<Closeable> held = new ArrayDeque<>();
  private final EventChannel events;
  private final Memory.Region control;
  private final MemorySegment left;
  private final MemorySegment right;
  private final Optional<Advertisement> advertisement;

  private RawPeer(Backend backend, DomainId client, int leftOrder, int rightOrder)
      throws IOException {
    this.backend = backend;
    this.other = client;
    this.events = hold(backend.events().listen(client));
    Optional<UnmapNotify> notify = Optional.of(new UnmapNotify(SRV_LIVE, events));
    Memory.Share page = hold(backend.memory().share(client, 1, notify));
    this.control = page;
    List<GrantRef> grants = new ArrayList<>();
    this.left = share(leftOrder, grants);
    this.right = share(rightOrder, grants);
    SHORT.set(page(), (long) LEFT_ORDER, (short) leftOrder);
    SHORT.set(page(), (long) RIGHT_ORDER, (short) rightOrder);
    for (int i = 0; i < grants.size(); i++) {
      INT.set(page(), GRANTS + 4L * i, grants.get(i).value());
    }
    putOctet(CLI_LIVE, 2);
    putOctet(SRV_LIVE, 1);
    putOctet(CLI_NOTIFY, 1);
    this.advertisement = Optional.of(new Advertisement(page.grants().getFirst(), events.port()));
  }

  private RawPeer(
      Backend backend, DomainId server, Advertisement found, Access rightAccess, boolean notify)
      throws IOException {
    this.backend = backend;
    this.other = server;
    this.advertisement = Optional.empty();
    this.events = hold(backend.events().connect(server, found.eventChannel()));
    Optional<UnmapNotify> unmap =
        notify ? Optional.of(new UnmapNotify(CLI_LIVE, events)) : Optional.empty();
    this.control =
        hold(backend.memory().map(server, List.of(found.ringRef()), Access.READ_WRITE, unmap));
    int leftPages = pages(order(LEFT_ORDER));
    this.left = map(order(LEFT_ORDER), 0, Access.READ_WRITE);
    this.right = map(order(RIGHT_ORDER), leftPages, rightAccess);
  }

  /**
   * The server's side: a page as libxenvchan fills it, with its rings, not advertised yet.
   *
   * @param backend where
   * @param client the domain that may connect
   * @param leftOrder order of the ring that the client writes; up to 20, legal or not
   * @param rightOrder order of the ring that the server writes
   * @return the side
   * @throws IOException if the system fails
   */
  public static RawPeer share(Backend backend, DomainId client, int leftOrder, int rightOrder)
      throws IOException {
    return new RawPeer(backend, client, leftOrder, rightOrder);
  }

  /**
   * The client's side: bound, and everything mapped as the page says, with nothing changed in it.
   *
   * @param backend where
   * @param server the domain that advertises
   * @param found what it advertises
   * @param rightAccess how to map the ring that is only read: libxenvchan maps it read-only
   * @param notify whether the client's live byte shall be cleared when the page is unmapped
   * @return the side
   * @throws IOException if it cannot be bound or mapped
   */
  public static RawPeer bind(
      Backend backend, DomainId server, Advertisement found, Access rightAccess, boolean notify)
      throws IOException {
    return new RawPeer(backend, server, found, rightAccess, notify);
  }

  private <C extends Closeable> C hold(C taken) {
    held.push(taken);
    return taken;
  }

  private static int pages(int order) {
    return order < 12 ? 0 : 1 << (order - 12);
  }

  private MemorySegment share(int order, List<GrantRef> grants) throws IOException {
    if (order < 12) {
      return inPage(order);
    }
    Memory.Share ring = hold(backend.memory().share(other, pages(order), Optional.empty()));
    grants.addAll(ring.grants());
    return ring.segment();
  }

  private MemorySegment map(int order, int firstGrant, Access access) throws IOException {
    if (order < 12) {
      return inPage(order);
    }
    List<GrantRef> grants = new ArrayList<>();
    for (int i = 0; i < pages(order); i++) {
      grants.add(new GrantRef(get(GRANTS + 4 * (firstGrant + i))));
    }
    return hold(backend.memory().map(other, grants, access, Optional.empty())).segment();
  }

  private MemorySegment inPage(int order) {
    return page().asSlice(1L << order, 1L << order);
  }

  /**
   * Advertises the server's side.
   *
   * @param path where
   * @return the hold on the path, also given back by {@link #close}
   * @throws IOException if the path is taken
   */
  public Registration advertise(RendezvousPath path) throws IOException {
    Registration registration = hold(backend.rendezvous().register(path, other));
    registration.publish(advertisement());
    return registration;
  }

  /**
   * What a server advertises.
   *
   * @return grant and port
   * @throws java.util.NoSuchElementException if this is a client
   */
  public Advertisement advertisement() {
    return advertisement.orElseThrow();
  }

  /**
   * The control page.
   *
   * @return its 4096 bytes
   */
  public MemorySegment page() {
    return control.segment();
  }

  /**
   * The ring that the client writes.
   *
   * @return exactly its bytes
   */
  public MemorySegment left() {
    return left;
  }

  /**
   * The ring that the server writes.
   *
   * @return exactly its bytes
   */
  public MemorySegment right() {
    return right;
  }

  /**
   * Own end of the event channel.
   *
   * @return the end
   */
  public EventChannel events() {
    return events;
  }

  /**
   * Reads one of the orders.
   *
   * @param offset {@link #LEFT_ORDER} or {@link #RIGHT_ORDER}
   * @return what the page says now
   */
  public int order(int offset) {
    return Short.toUnsignedInt((short) SHORT.getVolatile(page(), (long) offset));
  }

  /**
   * Reads an index, or a grant.
   *
   * @param offset a multiple of 4
   * @return what the page says now
   */
  public int get(int offset) {
    return (int) INT.getVolatile(page(), (long) offset);
  }

  /**
   * Stores an index, or a grant.
   *
   * @param offset a multiple of 4
   * @param value what to store
   */
  public void put(int offset, int value) {
    INT.setVolatile(page(), (long) offset, value);
  }

  /**
   * Reads a byte.
   *
   * @param offset its place
   * @return 0 to 255
   */
  public int octet(int offset) {
    return Byte.toUnsignedInt((byte) BYTE.getVolatile(page(), (long) offset));
  }

  /**
   * Stores a byte.
   *
   * @param offset its place
   * @param value 0 to 255
   */
  public void putOctet(int offset, int value) {
    BYTE.setVolatile(page(), (long) offset, (byte) value);
  }

  /**
   * Sets bits of a live or notify byte atomically.
   *
   * @param offset 20 to 23
   * @param bits which
   * @return the byte as it was
   */
  public int setBits(int offset, int bits) {
    int shift = (offset - WORD) * Byte.SIZE;
    int before;
    do {
      before = get(WORD);
    } while (!INT.compareAndSet(page(), (long) WORD, before, before | (bits << shift)));
    return (before >>> shift) & 0xFF;
  }

  /**
   * Clears bits of a live or notify byte atomically.
   *
   * @param offset 20 to 23
   * @param bits which
   * @return the byte as it was
   */
  public int clearBits(int offset, int bits) {
    int shift = (offset - WORD) * Byte.SIZE;
    int before;
    do {
      before = get(WORD);
    } while (!INT.compareAndSet(page(), (long) WORD, before, before & ~(bits << shift)));
    return (before >>> shift) & 0xFF;
  }

  /** Gives everything back, in reverse order; changes nothing in the page first. */
  @Override
  public void close() throws IOException {
    while (!held.isEmpty()) {
      held.pop().close();
    }
  }
}
