// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_DELETE;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Has the system tell what happens in the directories that somebody waits at. Holds an inotify
 * instance and a thread only while somebody does.
 */
final class DirectoryEyes {

  private final RootDirectory root;

  /** Guarded by this object, as is the next. */
  private final Map<LocalWatch, WatchKey> keys = new HashMap<>();

  private @Nullable WatchService service;

  DirectoryEyes(RootDirectory root) {
    this.root = root;
  }

  /**
   * Begins to tell {@code watch} what happens in a directory, which is made if it is missing.
   *
   * @return whether the system can do that now; if not, nothing has changed
   */
  synchronized boolean open(Path directory, LocalWatch watch) {
    try {
      root.createDirectories(directory);
      WatchService current = service;
      if (current == null) {
        WatchService made = FileSystems.getDefault().newWatchService();
        Thread.ofPlatform().name("vchan-local-watch").daemon().start(() -> run(made));
        service = made;
        current = made;
      }
      // A rename into the directory counts as a creation there.
      keys.put(watch, directory.register(current, ENTRY_CREATE, ENTRY_DELETE));
      return true;
    } catch (IOException e) {
      closeIfUnused();
      return false;
    }
  }

  synchronized void close(LocalWatch watch) {
    WatchKey key = keys.remove(watch);
    if (key != null && !keys.containsValue(key)) {
      key.cancel();
    }
    closeIfUnused();
  }

  private void closeIfUnused() {
    WatchService current = service;
    if (current != null && keys.isEmpty()) {
      service = null;
      try {
        current.close();
      } catch (IOException e) {
        // It is closed as far as it can be.
        return;
      }
    }
  }

  private void run(WatchService current) {
    try {
      for (; ; ) {
        WatchKey key = current.take();
        // What happened does not matter, nor how often: everybody looks once.
        key.pollEvents();
        boolean gone = !key.reset();
        List<LocalWatch> told = watchesOf(key, gone);
        told.forEach(watch -> watch.stir(gone));
      }
    } catch (ClosedWatchServiceException | InterruptedException e) {
      // Nobody waits any more.
      return;
    }
  }

  private synchronized List<LocalWatch> watchesOf(WatchKey key, boolean gone) {
    List<LocalWatch> found =
        keys.entrySet().stream()
            .filter(entry -> entry.getValue().equals(key))
            .map(Map.Entry::getKey)
            .toList();
    if (gone) {
      found.forEach(keys::remove);
    }
    return found;
  }
}
