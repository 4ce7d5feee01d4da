// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.EventChannel.Peer;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The pages one backend has shared and mapped: files in memory, mapped by both sides. */
final class LocalMemory implements Memory {

  private static final int TRIES = 1000;

  private static final ByteBuffer ZEROS = ByteBuffer.allocate(16 * PAGE_SIZE).asReadOnlyBuffer();

  private final RootDirectory root;
  private final DomainId self;
  private final LockFile locks;
  private final Numbers numbers;

  /**
   * Guarded by this object. What is in here is mapped. In the order of mapping, in which a backend
   * that is closed gives them back: a channel's control page before its rings, so that a call that
   * finds a ring gone can tell by the page that it is not the caller's buffer.
   */
  private final Set<PageRegion> regions = new LinkedHashSet<>();

  private boolean closed;

  LocalMemory(RootDirectory root, DomainId self, LockFile locks, Numbers numbers) {
    this.root = root;
    this.self = self;
    this.locks = locks;
    this.numbers = numbers;
  }

  @Override
  public Share share(DomainId peer, int pages, Optional<UnmapNotify> notify) throws IOException {
    if (pages < 1 || pages > Numbers.GRANTS_PER_FILE) {
      throw new IllegalArgumentException(
          "pages to share: " + pages + ", must be 1 to " + Numbers.GRANTS_PER_FILE);
    }
    checkOpen();
    notify.ifPresent(PageRegion::port);
    for (int tries = 0; tries < TRIES; tries++) {
      int first = numbers.nextFile();
      Optional<LockFile.Held> held = locks.tryLock(LockFile.grant(self, first));
      if (held.isPresent()) {
        Path file = root.pages(self, first, peer);
        try {
          return share(peer, pages, notify, first, file, held.get());
        } catch (FileAlreadyExistsException e) {
          // Without a lock, so a leftover; but not worth an argument: there are other numbers.
          held.get().release();
        }
      }
    }
    throw new SystemRefusedException(
        "grants of domain " + self, TRIES + " in a row are taken", "close channels");
  }

  private Share share(
      DomainId peer,
      int pages,
      Optional<UnmapNotify> notify,
      int first,
      Path file,
      LockFile.Held held)
      throws IOException {
    try {
      root.createFile(file);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException e) {
      held.release();
      throw e;
    }
    Arena arena = newArena();
    try {
      MemorySegment memory = fillAndMap(file, pages, arena);
      OwnPages share = new OwnPages(this, self, peer, first, arena, memory, notify, file, held);
      add(share);
      return share;
    } catch (IOException e) {
      close(arena);
      Files.deleteIfExists(file);
      held.release();
      throw Refusal.of(
          file,
          e,
          "make room for "
              + (long) pages * PAGE_SIZE
              + " bytes (there are "
              + Files.getFileStore(root.path()).getUsableSpace()
              + "), close channels, or choose another VCHAN_DIR");
    }
  }

  /** An arena that the region takes over, or that is closed if there will be none. */
  @SuppressWarnings("MustBeClosed")
  private static Arena newArena() {
    return Arena.ofShared();
  }

  private static void close(Arena arena) {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  /**
   * Writes zeros, never a hole: where the file system is full this fails, here and now, while a
   * hole would be found out by a fault at the first access, when nobody expects one.
   */
  private static MemorySegment fillAndMap(Path file, int pages, Arena arena) throws IOException {
    int bytes = pages * PAGE_SIZE;
    return Uninterrupted.run(
        () -> {
          try (FileChannel channel = FileChannel.open(file, READ, WRITE, NOFOLLOW_LINKS)) {
            for (int done = 0; done < bytes; ) {
              int some = Math.min(bytes - done, ZEROS.capacity());
              done += channel.write(ZEROS.slice(0, some), done);
            }
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
          }
        });
  }

  /**
   * Maps pages of a file, whatever it is: opened for writing, since that never waits, not even for
   * a pipe that somebody has put there; and mapped only if it is long enough, since mapping would
   * make it longer.
   */
  private static MemorySegment map(
      Path file, int firstPage, int pages, FileChannel.MapMode mode, Arena arena)
      throws IOException {
    long offset = (long) firstPage * PAGE_SIZE;
    long bytes = (long) pages * PAGE_SIZE;
    return Uninterrupted.run(
        () -> {
          try (FileChannel channel = FileChannel.open(file, READ, WRITE, NOFOLLOW_LINKS)) {
            if (channel.size() < offset + bytes) {
              throw new StaleAdvertisementException(
                  file + " has " + channel.size() + " bytes, wanted are " + (offset + bytes));
            }
            return channel.map(mode, offset, bytes, arena);
          }
        });
  }

  @Override
  public Mapping map(
      DomainId peer, List<GrantRef> grants, Access access, Optional<UnmapNotify> notify)
      throws IOException {
    checkOpen();
    notify.ifPresent(PageRegion::port);
    int ref = checkConsecutive(grants);
    int page = Math.floorMod(ref, Numbers.GRANTS_PER_FILE);
    int first = ref - page;
    Path file = root.pages(peer, first, self);
    // A notification needs to write its byte whatever the caller may.
    boolean writable = access == Access.READ_WRITE || notify.isPresent();
    FileChannel.MapMode mode =
        writable ? FileChannel.MapMode.READ_WRITE : FileChannel.MapMode.READ_ONLY;
    Arena arena = newArena();
    try {
      MemorySegment memory = map(file, page, grants.size(), mode, arena);
      PeerPages mapping = new PeerPages(this, peer, ref, arena, memory, access, notify);
      add(mapping);
      notify
          .map(PageRegion::port)
          .filter(port -> port.peer() == Peer.DIED)
          .ifPresent(LocalPort::executeLastWill);
      return mapping;
    } catch (NoSuchFileException e) {
      close(arena);
      throw new StaleAdvertisementException(
          "domain " + peer + " has not granted reference " + grants.getFirst() + " to " + self);
    } catch (IOException e) {
      close(arena);
      throw e instanceof StaleAdvertisementException || !Files.isRegularFile(file, NOFOLLOW_LINKS)
          ? stale(file, e)
          : Refusal.of(file, e, "raise the limits of open files and of memory (ulimit -n, -v)");
    }
  }

  private static IOException stale(Path file, IOException cause) {
    return cause instanceof StaleAdvertisementException known
        ? known
        : new StaleAdvertisementException(file + " cannot be mapped: " + Refusal.describe(cause));
  }

  private static int checkConsecutive(List<GrantRef> grants) throws StaleAdvertisementException {
    if (grants.isEmpty()) {
      throw new StaleAdvertisementException("no references to map");
    }
    int first = grants.getFirst().value();
    for (int i = 0; i < grants.size(); i++) {
      if (grants.get(i).value() != first + i) {
        throw new StaleAdvertisementException(
            "reference " + grants.get(i) + " is not the one after that of the page before it");
      }
    }
    return first;
  }

  private void add(PageRegion region) throws IOException {
    synchronized (this) {
      checkOpen();
      regions.add(region);
    }
    region.announce();
  }

  private synchronized void checkOpen() throws IOException {
    if (closed) {
      throw new IOException("the backend is closed");
    }
  }

  /** Takes a region out, so that nobody touches its memory any more. */
  synchronized boolean remove(PageRegion region) {
    return regions.remove(region);
  }

  /**
   * Does what a dead peer's kernel would have done. Only pages that this process shares with that
   * very peer are touched: the peer could have cleared any byte there by itself.
   */
  synchronized void execute(DomainId peer, Collection<UnmapNotice> will) {
    for (UnmapNotice notice : will) {
      for (PageRegion region : regions) {
        region.clear(peer, notice);
      }
    }
  }

  /**
   * Takes the name of an own page away, which whoever has mapped it does not need any more; from
   * here on it is there for observers alone.
   */
  void retire(GrantRef ref, RendezvousPath path) throws IOException {
    for (PageRegion region : copyOfRegions()) {
      if (region instanceof OwnPages own && own.has(ref)) {
        own.retire(path);
      }
    }
  }

  private synchronized List<PageRegion> copyOfRegions() {
    return List.copyOf(regions);
  }

  /** Gives everything back. */
  void close() throws IOException {
    synchronized (this) {
      closed = true;
    }
    IOException failure = null;
    for (PageRegion region : copyOfRegions()) {
      try {
        region.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
