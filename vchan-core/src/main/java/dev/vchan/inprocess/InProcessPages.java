// SPDX-License-Identifier: Apache-2.0
package dev.vchan.inprocess;

import dev.vchan.DomainId;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The pages one domain has shared and mapped. They are native memory that the garbage collector
 * frees when neither side holds them any more, so that no access can ever be wild: not even one of
 * a domain that was killed, whose code in this JVM goes on.
 */
final class InProcessPages implements Memory {

  /** As the first reference a Linux guest hands out, after those that Xen reserves. */
  private static final int FIRST_GRANT = 8;

  private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();

  private final InProcessHost host;
  private final DomainId self;
  private final Map<GrantRef, Granted> granted = new HashMap<>();
  private final List<View> views = new ArrayList<>();
  private int nextGrant = FIRST_GRANT;

  InProcessPages(InProcessHost host, DomainId self) {
    this.host = host;
    this.self = self;
  }

  @Override
  public Share share(DomainId peer, int pages, Optional<UnmapNotify> notify) throws IOException {
    host.enter("share");
    host.takePages(pages);
    // Alignment to a page, as on Xen, so that the int at offset 20 can be updated atomically.
    MemorySegment memory = Arena.ofAuto().allocate((long) pages * PAGE_SIZE, PAGE_SIZE);
    return new OwnPages(memory, peer, pages, notify);
  }

  @Override
  public Mapping map(
      DomainId peer, List<GrantRef> grants, Access access, Optional<UnmapNotify> notify)
      throws IOException {
    host.enter("map");
    InProcessDomain owner = host.find(peer);
    if (owner == null) {
      throw new StaleAdvertisementException("domain " + peer + " does not exist");
    }
    MemorySegment memory = owner.pages().find(grants, self);
    MemorySegment view = access == Access.READ_ONLY ? memory.asReadOnly() : memory;
    return new PeerPages(view, memory, notify);
  }

  private synchronized MemorySegment find(List<GrantRef> grants, DomainId client)
      throws StaleAdvertisementException {
    Granted first = granted.get(grants.getFirst());
    for (int i = 0; i < grants.size(); i++) {
      Granted page = granted.get(grants.get(i));
      if (first == null || page == null || !page.client.equals(client)) {
        throw new StaleAdvertisementException(
            "domain " + self + " has not granted reference " + grants.get(i) + " to " + client);
      }
      if (page.memory.address() != first.memory.address() || page.index != first.index + i) {
        throw new StaleAdvertisementException(
            "reference " + grants.get(i) + " does not follow " + grants.getFirst() + " in memory");
      }
    }
    if (first == null) {
      throw new StaleAdvertisementException("no references to map");
    }
    return first.memory.asSlice((long) first.index * PAGE_SIZE, (long) grants.size() * PAGE_SIZE);
  }

  /** The domain dies: every page with a notification gets its byte cleared and its event sent. */
  void unmapAll() {
    for (View view : copyOfViews()) {
      view.unmap();
    }
  }

  private synchronized List<View> copyOfViews() {
    return List.copyOf(views);
  }

  synchronized void leftovers(List<String> found) {
    for (View view : views) {
      found.add("domain " + self + ": " + view);
    }
  }

  /** One page that another domain may map. */
  private record Granted(MemorySegment memory, int index, DomainId client) {}

  /** Pages in use by this domain. */
  private abstract class View implements Region {

    private final MemorySegment segment;
    private final MemorySegment writable;
    private final Optional<UnmapNotify> notify;
    private boolean unmapped;

    View(MemorySegment segment, MemorySegment writable, Optional<UnmapNotify> notify) {
      this.segment = segment;
      this.writable = writable;
      this.notify = notify;
      synchronized (InProcessPages.this) {
        views.add(this);
      }
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public void close() throws IOException {
      if (unmap()) {
        host.enter("close " + this);
      }
    }

    boolean unmap() {
      synchronized (InProcessPages.this) {
        if (unmapped) {
          return false;
        }
        unmapped = true;
        views.remove(this);
        revoke();
      }
      notify.ifPresent(this::carryOut);
      return true;
    }

    private void carryOut(UnmapNotify wanted) {
      // The byte before the event, and visible to whoever the event wakes.
      BYTE.setVolatile(writable, (long) wanted.byteOffset(), (byte) 0);
      try {
        wanted.channel().send();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void revoke() {}
  }

  private final class OwnPages extends View implements Share {

    private final List<GrantRef> grants = new ArrayList<>();

    OwnPages(MemorySegment memory, DomainId peer, int pages, Optional<UnmapNotify> notify) {
      super(memory, memory, notify);
      synchronized (InProcessPages.this) {
        // Numbered backwards, so that nobody gets away with counting up from the first reference.
        for (int i = 0; i < pages; i++) {
          GrantRef ref = new GrantRef(nextGrant + pages - 1 - i);
          grants.add(ref);
          granted.put(ref, new Granted(memory, i, peer));
        }
        nextGrant += pages;
      }
    }

    @Override
    public List<GrantRef> grants() {
      return List.copyOf(grants);
    }

    @Override
    void revoke() {
      grants.forEach(granted::remove);
      host.returnPages(grants.size());
    }

    @Override
    public String toString() {
      return "share of " + grants.size() + " pages from reference " + grants.getLast();
    }
  }

  private final class PeerPages extends View implements Mapping {

    PeerPages(MemorySegment view, MemorySegment memory, Optional<UnmapNotify> notify) {
      super(view, memory, notify);
    }

    @Override
    public String toString() {
      return "mapping of " + segment().byteSize() / PAGE_SIZE + " pages";
    }
  }
}
