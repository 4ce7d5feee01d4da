// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Removes what killed processes have left in a directory: every name whose lock is free. The lock
 * is held during the removal, so that nobody who is alive can have, or get, what is removed. What
 * is not named as the format says is left alone.
 */
final class Leftovers {

  /**
   * How many names are looked at. Opening a directory in which thousands of channels are alive must
   * not take long, and what is missed now the next one finds.
   */
  private static final int MAX_NAMES = 2000;

  private final RootDirectory root;
  private final LockFile locks;
  private int looked;

  Leftovers(RootDirectory root, LockFile locks) {
    this.root = root;
    this.locks = locks;
  }

  /** Removes what it can; whatever cannot be removed does no harm. */
  void remove() {
    for (Path domain : list(root.grants())) {
      for (Path file : list(domain)) {
        PageName.parse(domain.getFileName().toString(), file.getFileName().toString())
            .ifPresent(name -> ifFree(name.lock(), () -> Files.deleteIfExists(file)));
      }
    }
    for (Path domain : list(root.path().resolve("evtchn"))) {
      for (Path file : list(domain)) {
        removeIfFree(domain, file.getFileName().toString(), file);
      }
    }
    removeNodes();
    removeEmptyDirectories();
  }

  private void removeIfFree(Path domain, String number, Path file) {
    String owner = domain.getFileName().toString();
    if (!isNumber(owner) || !isNumber(number) || Long.parseLong(owner) >= DomainId.FIRST_RESERVED) {
      return;
    }
    long byteOf =
        LockFile.port(new DomainId(Integer.parseInt(owner)), Integer.parseUnsignedInt(number));
    ifFree(byteOf, () -> Files.deleteIfExists(file));
  }

  private void removeNodes() {
    try (Stream<Path> all = Files.walk(root.store())) {
      List<Path> nodes =
          all.filter(file -> file.endsWith(Keys.FILE) || file.endsWith(Keys.NEW_FILE))
              .limit(MAX_NAMES)
              .map(file -> file.resolveSibling(""))
              .distinct()
              .toList();
      for (Path node : nodes) {
        String path = "/" + root.store().relativize(node);
        ifFree(LockFile.path(new RendezvousPath(path)), () -> LocalRendezvous.removeFiles(node));
      }
    } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
      // Somebody removes directories at the same time, or has put a strange one there.
      return;
    }
  }

  /**
   * Who dies between removing the last file and the directory leaves the directory. It has no lock,
   * and can go at any time: who needs it, or waits for something to come there, makes it again.
   */
  private void removeEmptyDirectories() {
    try (Stream<Path> all = Files.walk(root.store())) {
      List<Path> empty =
          all.filter(file -> Files.isDirectory(file, NOFOLLOW_LINKS))
              .filter(directory -> list(directory).isEmpty())
              .limit(MAX_NAMES)
              .toList();
      empty.forEach(root::prune);
    } catch (IOException | UncheckedIOException e) {
      // Somebody removes directories at the same time.
      return;
    }
  }

  private interface Removal {
    void run() throws IOException;
  }

  private void ifFree(long position, Removal removal) {
    if (looked++ >= MAX_NAMES) {
      return;
    }
    try {
      Optional<LockFile.Held> free = locks.tryLock(position);
      if (free.isPresent()) {
        try {
          removal.run();
        } finally {
          free.get().release();
        }
      }
    } catch (IOException e) {
      // It stays a leftover.
      return;
    }
  }

  private static boolean isNumber(String text) {
    return text.matches("[0-9]{1,10}") && Long.parseLong(text) <= 0xFFFF_FFFFL;
  }

  /** What is in a directory now; nothing if it is none, or goes meanwhile. */
  static List<Path> list(Path directory) {
    if (!Files.isDirectory(directory, NOFOLLOW_LINKS)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }
}
