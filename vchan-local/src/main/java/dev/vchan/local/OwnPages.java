// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Memory.UnmapNotify;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** A file of pages that this process has made, and its lock that says so. */
final class OwnPages extends PageRegion implements Memory.Share {

  private final LockFile.Held held;

  /** Guarded by this object. */
  private Path file;

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

  /** Whether one of the grants is this, found without listing them: there may be many files. */
  boolean has(GrantRef ref) {
    return Integer.compareUnsigned(ref.value() - first(), count()) < 0;
  }

  /**
   * Takes the name away under which a client finds the page, and gives it one under which only an
   * observer looks. If it cannot have that one, it has none.
   */
  synchronized void retire(RendezvousPath path) throws IOException {
    Path observed = file.resolveSibling(file.getFileName() + PageName.suffix(path));
    try {
      Files.move(file, observed, StandardCopyOption.ATOMIC_MOVE);
      file = observed;
    } catch (IOException e) {
      Files.deleteIfExists(file);
    }
  }

  @Override
  synchronized void giveUp() throws IOException {
    try {
      Files.deleteIfExists(file);
    } finally {
      held.release();
    }
  }

  @Override
  public synchronized String toString() {
    return "share of " + count() + " pages in " + file;
  }
}
