// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import dev.vchan.DomainId;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** Pages shared between two domains: what gntalloc and gntdev do on Xen. */
public interface Memory {

  /** Bytes in a page, on every backend. The layout of the control page rests on it. */
  int PAGE_SIZE = 4096;

  /**
   * Allocates zeroed pages and grants them to {@code peer} for reading and writing.
   *
   * @param peer the one domain that may map them
   * @param pages how many, 1 to 256
   * @param notify what happens when the pages are given back or their owner dies, if anything
   * @return the pages, contiguous in this process
   * @throws dev.vchan.SystemRefusedException if there are no more pages to be had
   * @throws IOException if the system fails otherwise
   */
  Share share(DomainId peer, int pages, Optional<UnmapNotify> notify) throws IOException;

  /**
   * Maps pages that {@code peer} has granted to this domain.
   *
   * @param peer the domain that shared them
   * @param grants references in the order in which the pages shall follow each other
   * @param access whether they may be written; a write to a read-only mapping throws
   * @param notify what happens when the mapping goes away, by {@code close} or by death, if
   *     anything
   * @return the pages, contiguous in this process
   * @throws StaleAdvertisementException if a reference is not granted to this domain, or not by
   *     {@code peer}, or the references cannot be joined
   * @throws IOException if the system fails otherwise
   */
  Mapping map(DomainId peer, List<GrantRef> grants, Access access, Optional<UnmapNotify> notify)
      throws IOException;

  /** What a mapping allows. */
  enum Access {
    /** Loads only. */
    READ_ONLY,
    /** Loads, stores and atomic updates. */
    READ_WRITE
  }

  /**
   * What the kernel does when a page loses its owner (for a share) or its mapping (for a map),
   * whether by {@code close} or because the process died: it stores zero in one byte, and after
   * that sends an event. This is how a peer learns of a crash ({@code UNMAP_NOTIFY_CLEAR_BYTE} and
   * {@code UNMAP_NOTIFY_SEND_EVENT} in xen/gntdev.h).
   *
   * @param byteOffset offset of the byte in the first page
   * @param channel own event channel on which the event is sent; still open when the page goes
   */
  record UnmapNotify(int byteOffset, EventChannel channel) {}

  /** Pages in this process's address space. */
  interface Region extends Closeable {

    /**
     * The pages.
     *
     * @return a segment of whole pages, aligned to {@link #PAGE_SIZE}, usable from every thread.
     *     After {@link #close} it must not be accessed; whoever does so all the same meets an
     *     {@link IllegalStateException}, or the old pages, but never memory of somebody else
     */
    MemorySegment segment();

    /**
     * Gives the pages back; the peer's view of them, if it has one, lives on. Idempotent.
     *
     * @throws IOException if the system fails; the pages are gone from this process all the same
     */
    @Override
    void close() throws IOException;
  }

  /** Pages of ours that a peer may map. */
  interface Share extends Region {

    /**
     * Their names.
     *
     * @return one reference a page, in the order of the pages
     */
    List<GrantRef> grants();
  }

  /** Pages of a peer's. */
  interface Mapping extends Region {}
}
