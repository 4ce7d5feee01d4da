// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Memory.UnmapNotify;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** A file of pages that this process has made, and its lock that says so. */
final class OwnPages extends PageRegion implements Memory.Share {

  private final Path file;
  private final LockFile.Held held;

  OwnPages(
      LocalMemory memory,
      DomainId self,
      DomainId client,
      int first,
      Arena arena,
      MemorySegment pages,
      Optional<UnmapNotify> notify,
      Path file,
      LockFile.Held held) {
    super(memory, self, client, first, arena, pages, notify);
    this.file = file;
    this.held = held;
  }

  @Override
  public List<GrantRef> grants() {
    return IntStream.range(first(), first() + count()).mapToObj(GrantRef::new).toList();
  }

  /** Removes the name. Idempotent. */
  void unlink() throws IOException {
    Files.deleteIfExists(file);
  }

  @Override
  void giveUp() throws IOException {
    try {
      unlink();
    } finally {
      held.release();
    }
  }

  @Override
  public String toString() {
    return "share of " + count() + " pages in " + file;
  }
}
