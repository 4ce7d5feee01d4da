// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.spi.Backend;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/**
 * A peer that moves bytes as another implementation does, step by step, on the raw pages: written
 * from docs/protocol.md, with that implementation's habits and faults. Used by one thread at a
 * time, as the libraries it stands for are.
 */
public abstract class ForeignPeer implements AutoCloseable {

  /** Asks for an event when the other side has written. */
  static final int WRITE = InterfacePage.NOTIFY_WRITE;

  /** Asks for an event when the other side has read. */
  static final int READ = InterfacePage.NOTIFY_READ;

  private static final int GONE = 0;
  private static final int AWAITED = 2;
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** The pages, and the event channel. */
  final HostilePeer pages;

  /** The control page. */
  final InterfacePage page;

  private final MemorySegment incoming;
  private final MemorySegment outgoing;

  ForeignPeer(HostilePeer pages) {
    this.pages = pages;
    this.page = pages.page();
    this.incoming = pages.ringFromVictim();
    this.outgoing = pages.ringIntoVictim();
  }

  /** Whose habits a peer has. */
  public enum Dialect {
    /** The C library. */
    LIBXENVCHAN,
    /** MirageOS. */
    OCAML,
    /** The C library as Qubes wraps it. */
    QUBES;

    /**
     * Starts a server, which does not wait for its client.
     *
     * @param backend where
     * @param client the domain that may connect
     * @param path where to advertise
     * @param leftOrder order of the ring the server reads
     * @param rightOrder order of the ring the server writes
     * @return the server
     * @throws IOException if the backend fails
     */
    public ForeignPeer serve(
        Backend backend, DomainId client, RendezvousPath path, int leftOrder, int rightOrder)
        throws IOException {
      return of(HostilePeer.server(backend, client, path, leftOrder, rightOrder).publish());
    }

    /**
     * Connects a client to a server that has advertised.
     *
     * @param backend where
     * @param server the domain that advertises
     * @param path where
     * @return the client
     * @throws IOException if the backend fails
     */
    public ForeignPeer connect(Backend backend, DomainId server, RendezvousPath path)
        throws IOException {
      HostilePeer pages = HostilePeer.client(backend, server, path).lookUp(Ends.soon());
      pages.bind().map().enter();
      if (this == QUBES) {
        pages.event();
      }
      return of(pages);
    }

    private ForeignPeer of(HostilePeer pages) {
      return switch (this) {
        case LIBXENVCHAN -> new LibxenvchanPeer(pages);
        case OCAML -> new OcamlPeer(pages);
        case QUBES -> new QubesPeer(pages);
      };
    }
  }

  /**
   * The raw pages, for what no library does.
   *
   * @return the pages of this peer
   */
  public HostilePeer pages() {
    return pages;
  }

  /**
   * Server: waits for its client.
   *
   * @return this
   */
  public ForeignPeer accept() {
    while (page.load8(InterfacePage.CLI_LIVE) == AWAITED) {
      sleep();
    }
    return this;
  }

  /**
   * Reads at least one byte, waiting for it if need be.
   *
   * @param target where to put the bytes
   * @return their number, or -1 at the end
   * @throws IOException if the event channel fails
   */
  public abstract int read(ByteBuffer target) throws IOException;

  /**
   * Writes everything, waiting for space if need be.
   *
   * @param source the bytes
   * @throws IOException if the other side is gone, or the event channel fails
   */
  public abstract void write(ByteBuffer source) throws IOException;

  /** Waits for an event that was not yet waited for. */
  abstract void sleep();

  /**
   * Waits for an event after those that were seen.
   *
   * @return what has been seen now
   */
  final long sleep(long seen) {
    if (!pages.events().await(seen, LIMIT_NANOS)) {
      throw new AssertionError("a foreign peer was forgotten: no event came");
    }
    return pages.events().received();
  }

  /** Whether the other side is there; also before it has come. */
  boolean isOpen() {
    return page.load8(pages.victimLive()) != GONE;
  }

  /** Bytes to read, by the page alone. */
  final int ready() {
    return page.load32(pages.victimProd()) - page.load32(pages.ownCons());
  }

  /** Bytes of space, by the page alone. */
  final int space() {
    return outgoingCapacity() - (page.load32(pages.ownProd()) - page.load32(pages.victimCons()));
  }

  final void ask(int bit) {
    page.update8(pages.askByte(), 0, bit);
  }

  final void answer(int bit) throws IOException {
    if ((page.update8(pages.victimAskByte(), bit, 0) & bit) != 0) {
      pages.event();
    }
  }

  /** Bytes from the incoming ring, from an index on. */
  final void copyOut(int index, ByteBuffer target, int bytes) {
    ByteBuffer ring = incoming.asByteBuffer();
    for (int i = 0; i < bytes; i++) {
      target.put(ring.get((index + i) & (incomingCapacity() - 1)));
    }
  }

  /** Writes bytes for which there is space. */
  final void put(ByteBuffer source, int bytes) throws IOException {
    int index = page.load32(pages.ownProd());
    ByteBuffer ring = outgoing.asByteBuffer();
    for (int i = 0; i < bytes; i++) {
      ring.put((index + i) & (outgoingCapacity() - 1), source.get());
    }
    page.store32(pages.ownProd(), index + bytes);
    answer(WRITE);
  }

  /**
   * Size of the ring this peer reads.
   *
   * @return bytes
   */
  public final int incomingCapacity() {
    return (int) incoming.byteSize();
  }

  /**
   * Size of the ring this peer writes.
   *
   * @return bytes
   */
  public final int outgoingCapacity() {
    return (int) outgoing.byteSize();
  }

  /**
   * Closes this side: live byte, event, and everything given back.
   *
   * @throws IOException if the backend fails
   */
  @Override
  public void close() throws IOException {
    pages.leave();
    pages.close();
  }
}
