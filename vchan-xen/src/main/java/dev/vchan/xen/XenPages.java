// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Unmapping;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Granted pages in this process's address space, own ones or a peer's. When they are unmapped, be
 * it by the end of the process, the kernel does what was asked of it for that moment.
 */
final class XenPages implements Memory.Share, Memory.Mapping {

  private final MemorySegment pages;
  private final Arena arena;
  private final List<GrantRef> grants;
  private final Closeable behind;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * Makes a region.
   *
   * @param arena unmaps the pages when it is closed
   * @param behind what is to be given back after that
   */
  XenPages(MemorySegment pages, Arena arena, List<GrantRef> grants, Closeable behind) {
    this.pages = pages;
    this.arena = arena;
    this.grants = List.copyOf(grants);
    this.behind = behind;
  }

  @Override
  public MemorySegment segment() {
    return pages;
  }

  @Override
  public List<GrantRef> grants() {
    return grants;
  }

  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    Unmapping.close(arena);
    behind.close();
  }
}
