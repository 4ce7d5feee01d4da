// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Memory.UnmapNotify;
import dev.vchan.spi.MemoryFaults;
import dev.vchan.spi.Unmapping;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Optional;

/** Consecutive pages of one file in this process's address space, own ones or a peer's. */
abstract sealed class PageRegion implements Memory.Region permits OwnPages, PeerPages {

  private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();

  private final LocalMemory memory;
  private final DomainId owner;
  private final DomainId remote;
  private final int first;
  private final Arena arena;
  private final MemorySegment pages;
  private final Optional<UnmapNotify> notify;

  /**
   * Makes a region.
   *
   * @param owner the domain that shared the pages
   * @param remote the domain at the other end, be it the owner or not
   * @param first reference of the first page
   */
  PageRegion(
      LocalMemory memory,
      DomainId owner,
      DomainId remote,
      int first,
      Arena arena,
      MemorySegment pages,
      Optional<UnmapNotify> notify) {
    this.memory = memory;
    this.owner = owner;
    this.remote = remote;
    this.first = first;
    this.arena = arena;
    this.pages = pages;
    this.notify = notify;
  }

  /** The own port a notification is about. */
  static LocalPort port(UnmapNotify notify) {
    if (notify.channel() instanceof LocalPort port) {
      return port;
    }
    throw new IllegalArgumentException("the channel is not one of the local backend");
  }

  @Override
  public MemorySegment segment() {
    return pages;
  }

  int first() {
    return first;
  }

  int count() {
    return (int) (pages.byteSize() / Memory.PAGE_SIZE);
  }

  /** Tells the peer what it shall do when this process dies. */
  void announce() {
    notify.ifPresent(wanted -> port(wanted).notice(notice(wanted), true));
  }

  private UnmapNotice notice(UnmapNotify wanted) {
    return new UnmapNotice(owner, first, wanted.byteOffset());
  }

  /** Clears the byte that a notice of {@code peer} names, if it names one of these pages. */
  void clear(DomainId peer, UnmapNotice notice) {
    int page = notice.ref() - first;
    if (remote.equals(peer)
        && owner.equals(notice.owner())
        && Integer.compareUnsigned(page, count()) < 0
        && notice.offset() < Memory.PAGE_SIZE
        && !pages.isReadOnly()) {
      clear((long) page * Memory.PAGE_SIZE + notice.offset());
    }
  }

  private void clear(long offset) {
    try {
      // All that was published before the byte, and the byte before the event. The store is plain,
      // and its fault asked for, because of what a truncated file does to others (MemoryFaults).
      VarHandle.releaseFence();
      BYTE.set(pages, offset, (byte) 0);
      VarHandle.fullFence();
      MemoryFaults.surface();
    } catch (InternalError e) {
      // The peer has truncated the file, so there is no byte any more; the event says it all.
      return;
    }
  }

  @Override
  public void close() throws IOException {
    if (!memory.remove(this)) {
      return;
    }
    try {
      notify.ifPresent(this::notifyPeer);
      giveUp();
    } finally {
      discard();
    }
  }

  private void notifyPeer(UnmapNotify wanted) {
    clear(wanted.byteOffset());
    LocalPort port = port(wanted);
    port.notice(notice(wanted), false);
    port.send();
  }

  /** Gives back what stands behind the memory. */
  abstract void giveUp() throws IOException;

  /** Unmaps the pages. */
  void discard() throws IOException {
    Unmapping.close(arena);
  }
}
