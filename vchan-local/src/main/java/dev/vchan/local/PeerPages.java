// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Memory.Access;
import dev.vchan.spi.Memory.UnmapNotify;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Pages of a file that a peer has made. */
final class PeerPages extends PageRegion implements Memory.Mapping {

  private final MemorySegment view;

  PeerPages(
      LocalMemory memory,
      DomainId owner,
      int first,
      Arena arena,
      MemorySegment pages,
      Access access,
      Optional<UnmapNotify> notify) {
    super(memory, owner, owner, first, arena, pages, notify);
    this.view = access == Access.READ_ONLY ? pages.asReadOnly() : pages;
  }

  @Override
  public MemorySegment segment() {
    return view;
  }

  /** Nothing: the file is the peer's. */
  @Override
  void giveUp() {}

  @Override
  public String toString() {
    return "mapping of " + count() + " pages";
  }
}
