// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_DELETE;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Has the system tell what happens in the directories that somebody waits at. Holds an inotify
 * instance, of which a user has few, and a thread while somebody does, and for a moment longer.
 */
final class DirectoryEyes implements Closeable {

  /**
   * How long the instance is kept when nobody waits any more. To close one takes the kernel 10 to
   * 40 ms, in which it waits for all processors; whoever connects often would pay that each time.
   */
  private static final long LINGER_MILLIS = 2000;

  private final RootDirectory root;

  /** Guarded by this object, as is all that follows. */
  private final Map<LocalWatch, WatchKey> keys = new HashMap<>();

  /**
   * Keys nobody needs any more. To cancel one takes as long as to wake two threads, so it is left
   * to the own thread; most are void by then, since their directories have been removed.
   */
  private final Set<WatchKey> idle = new HashSet<>();

  private @Nullable WatchService service;

  private boolean closed;

  DirectoryEyes(RootDirectory root) {
    this.root = root;
  }

  /**
   * Begins to tell {@code watch} what happens in a directory, which is made if it is missing.
   *
   * @return whether the system can do that now; if not, nothing has changed
   */
  synchronized boolean open(Path directory, LocalWatch watch) {
    if (closed) {
      return false;
    }
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
      WatchKey key = directory.register(current, ENTRY_CREATE, ENTRY_DELETE);
      keys.put(watch, key);
      idle.remove(key);
      return true;
    } catch (IOException | ClosedWatchServiceException e) {
      return false;
    }
  }

  synchronized void close(LocalWatch watch) {
    WatchKey key = keys.remove(watch);
    if (key != null && !keys.containsValue(key)) {
      idle.add(key);
    }
  }

  /** Ends it all, at once. */
  @Override
  public void close() throws IOException {
    WatchService last;
    synchronized (this) {
      closed = true;
      last = service;
      service = null;
    }
    if (last != null) {
      last.close();
    }
  }

  private void run(WatchService current) {
    try (current) {
      for (; ; ) {
        WatchKey key = current.poll(LINGER_MILLIS, TimeUnit.MILLISECONDS);
        cancelIdle();
        if (key != null) {
          tell(key);
        } else if (abandon()) {
          return;
        }
      }
    } catch (ClosedWatchServiceException | InterruptedException | IOException e) {
      // The backend was closed.
      return;
    }
  }

  private void tell(WatchKey key) {
    // What happened does not matter, nor how often: everybody looks once.
    key.pollEvents();
    boolean gone = !key.reset();
    List<LocalWatch> told = watchesOf(key, gone);
    told.forEach(watch -> watch.stir(gone));
  }

  private synchronized void cancelIdle() {
    idle.forEach(WatchKey::cancel);
    idle.clear();
  }

  /** Takes the only service out of use, unless somebody waits. */
  private synchronized boolean abandon() {
    if (!keys.isEmpty()) {
      return false;
    }
    service = null;
    // They go with it.
    idle.clear();
    return true;
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
