// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory.Access;
import dev.vchan.spi.Memory.Mapping;
import dev.vchan.spi.Memory.Share;
import dev.vchan.spi.Memory.UnmapNotify;
import dev.vchan.spi.MemoryFaults;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a channel comes to be: the only code that knows the server from the client. Each side takes
 * what it needs in a fixed order, and gives back all of it if any step fails.
 *
 * <p>The event channel comes before the pages, since the unmap notification of the control page
 * names it.
 */
final class Handshake {

  private Handshake() {}

  /** Server: makes a page that waits for a client. Nothing is advertised yet. */
  static Offer offer(Backend backend, DomainId client, RendezvousPath path, VchanOptions options)
      throws IOException {
    RingSizes sizes = options.sizes().orElse(backend.defaultSizes());
    RingLayout layout = RingLayout.choose(sizes);
    Resources held = new Resources();
    try {
      EventChannel events = held.add(backend.events().listen(client));
      Optional<UnmapNotify> notify = Optional.of(new UnmapNotify(ControlPage.SERVER_LIVE, events));
      Share control = held.add(backend.memory().share(client, 1, notify));
      List<GrantRef> grants = new ArrayList<>();
      MemorySegment left = control.segment();
      if (layout.leftPages() > 0) {
        Share ring = held.add(shareRing(backend, client, layout.leftPages()));
        grants.addAll(ring.grants());
        left = ring.segment();
      }
      MemorySegment right = control.segment();
      if (layout.rightPages() > 0) {
        Share ring = held.add(shareRing(backend, client, layout.rightPages()));
        grants.addAll(ring.grants());
        right = ring.segment();
      }
      ControlPage page = ControlPage.ofServer(control.segment());
      RingReader reader = new RingReader(page, ring(left, layout.leftOrder()), 0);
      RingWriter writer =
          new RingWriter(page, ring(right, layout.rightOrder()), 0, 0, options.bulkCopy());
      Extensions offered = Extensions.of(backend, options);
      page.initialise(layout, grants, offered.bits());
      MemoryFaults.surface();
      Advertisement advertisement = new Advertisement(control.grants().getFirst(), events.port());
      return new Offer(
          client, path, options, held, events, page, reader, writer, offered, advertisement);
    } catch (IOException | RuntimeException | Error e) {
      Resources.closeBecause(e, held);
      throw e;
    }
  }

  /**
   * Client: connects to what was advertised.
   *
   * @throws StaleAdvertisementException if what was advertised is not a server that waits
   */
  static Vchan join(
      Backend backend,
      DomainId server,
      RendezvousPath path,
      VchanOptions options,
      Advertisement advertisement)
      throws IOException {
    Resources held = new Resources();
    try {
      EventChannel events =
          held.add(backend.events().connect(server, advertisement.eventChannel()));
      Optional<UnmapNotify> notify = Optional.of(new UnmapNotify(ControlPage.CLIENT_LIVE, events));
      List<GrantRef> controlGrant = List.of(advertisement.ringRef());
      Mapping control =
          held.add(backend.memory().map(server, controlGrant, Access.READ_WRITE, notify));
      ControlPage page = ControlPage.ofClient(control.segment());
      ControlPage.Header header = page.header();
      MemoryFaults.surface();
      check(header, options);
      RingLayout layout = header.layout();
      List<GrantRef> leftGrants = page.grants(0, layout.leftPages());
      List<GrantRef> rightGrants = page.grants(layout.leftPages(), layout.rightPages());
      MemorySegment left = control.segment();
      if (!leftGrants.isEmpty()) {
        left = held.add(mapRing(backend, server, leftGrants, Access.READ_WRITE)).segment();
      }
      MemorySegment right = control.segment();
      if (!rightGrants.isEmpty()) {
        right = held.add(mapRing(backend, server, rightGrants, Access.READ_ONLY)).segment();
      }
      RingReader reader =
          new RingReader(page, ring(right, layout.rightOrder()), header.rightConsumer());
      RingWriter writer =
          new RingWriter(
              page,
              ring(left, layout.leftOrder()),
              header.leftProducer(),
              header.leftConsumer(),
              options.bulkCopy());
      Extensions agreed = Extensions.of(backend, options).and(header.serverExtensions());
      page.enter(agreed.bits());
      MemoryFaults.surface();
      events.send();
      Link link = new Link(page, events, held, options, agreed);
      return new Vchan(server, path, options, link, reader, writer);
    } catch (InternalError e) {
      StaleAdvertisementException stale =
          new StaleAdvertisementException(
              "the advertised pages cannot be accessed: their file was truncated");
      Resources.closeBecause(stale, held);
      throw stale;
    } catch (IOException | RuntimeException | Error e) {
      Resources.closeBecause(e, held);
      throw e;
    }
  }

  private static Share shareRing(Backend backend, DomainId client, int pages) throws IOException {
    return backend.memory().share(client, pages, Optional.empty());
  }

  private static Mapping mapRing(
      Backend backend, DomainId server, List<GrantRef> grants, Access access) throws IOException {
    return backend.memory().map(server, grants, access, Optional.empty());
  }

  /** A client checks everything it has read before it acts on any of it. */
  private static void check(ControlPage.Header header, VchanOptions options)
      throws StaleAdvertisementException {
    if (header.serverLive() != ControlPage.LIVE) {
      throw new StaleAdvertisementException(
          "the advertised page's server is gone: its live byte is " + header.serverLive());
    }
    // A client that came and went before its server looked has left an unbound port, and a page
    // that is advertised until the server looks. Entering it would join two clients' streams into
    // one. A page without half-close may be a persistent server's, where that is the point.
    if (header.serverKnowsHalfClose() && header.clientLive() != ControlPage.AWAITED) {
      throw new StaleAdvertisementException(
          "the advertised page has had its client: its live byte is " + header.clientLive());
    }
    Optional<String> illegal = header.layout().illegality(options.overlappingGrants());
    if (illegal.isPresent()) {
      throw new StaleAdvertisementException("the advertised page has " + illegal.get());
    }
    checkFill("left", header.leftProducer() - header.leftConsumer(), header.layout().leftOrder());
    checkFill(
        "right", header.rightProducer() - header.rightConsumer(), header.layout().rightOrder());
  }

  private static void checkFill(String which, int fill, int order)
      throws StaleAdvertisementException {
    if (Integer.compareUnsigned(fill, 1 << order) > 0) {
      throw new StaleAdvertisementException(
          "the advertised page's %s ring claims %s bytes, capacity is %d"
              .formatted(which, Integer.toUnsignedString(fill), 1 << order));
    }
  }

  /** Exactly the bytes of a ring, which has pages of its own or a place in the control page. */
  private static ByteBuffer ring(MemorySegment pages, int order) {
    int place = RingLayout.placeInPage(order);
    long start = order < RingLayout.PAGE_ORDER ? place : 0;
    return pages.asSlice(start, 1L << order).asByteBuffer();
  }

  /** A server's page that waits for its client. Used by one thread at a time. */
  static final class Offer implements Closeable {

    private final DomainId client;
    private final RendezvousPath path;
    private final VchanOptions options;
    private final Resources held;
    private final EventChannel events;
    private final ControlPage page;
    private final RingReader reader;
    private final RingWriter writer;
    private final Extensions offered;
    private final Advertisement advertisement;
    private int clientExtensions;

    private Offer(
        DomainId client,
        RendezvousPath path,
        VchanOptions options,
        Resources held,
        EventChannel events,
        ControlPage page,
        RingReader reader,
        RingWriter writer,
        Extensions offered,
        Advertisement advertisement) {
      this.client = client;
      this.path = path;
      this.options = options;
      this.held = held;
      this.events = events;
      this.page = page;
      this.reader = reader;
      this.writer = writer;
      this.offered = offered;
      this.advertisement = advertisement;
    }

    EventChannel events() {
      return events;
    }

    /** Whether the page is still there; a backend that is closed takes it back. */
    boolean isMapped() {
      return page.isMapped();
    }

    Advertisement advertisement() {
      return advertisement;
    }

    /**
     * Looks for a client. One that has come and gone counts: what it wrote is to be read.
     *
     * @throws ProtocolViolationException if whoever came broke the protocol, so that this page can
     *     only be thrown away
     */
    boolean clientCame() throws ProtocolViolationException {
      int live = page.peerLive();
      int extensions = page.peerExtensions();
      boolean neverCame = page.clientNeverCame();
      MemoryFaults.surface();
      if (live == ControlPage.AWAITED) {
        return false;
      }
      if (live != ControlPage.GONE && live != ControlPage.LIVE) {
        throw new ProtocolViolationException(
            "a client has set its live byte to " + live + ", must be 1");
      }
      if (live == ControlPage.GONE && neverCame) {
        throw new ProtocolViolationException("the client went before it had connected");
      }
      clientExtensions = extensions;
      return true;
    }

    /** Turns the page into the channel; {@code withdrawal} runs when the channel closes. */
    Vchan accept(Optional<Closeable> withdrawal) {
      withdrawal.ifPresent(held::add);
      Link link = new Link(page, events, held, options, offered.and(clientExtensions));
      return new Vchan(client, path, options, link, reader, writer);
    }

    /** Gives the page up; whoever has connected to it sees a server that is gone. */
    @Override
    public void close() throws IOException {
      try {
        page.leave(offered.halfClose());
        events.send();
      } finally {
        held.close();
      }
    }
  }
}
