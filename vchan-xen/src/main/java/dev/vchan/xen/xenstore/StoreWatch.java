// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.spi.EventCounter;
import java.io.Closeable;

/**
 * Counts the changes of a node and of everything below it: made, written, removed, permissions set.
 * It counts, and does not say what changed; whoever is woken looks. One change is counted when the
 * watch is set, and now and then one that is none. Of a node that the own domain may not read no
 * changes are told.
 *
 * <p>May be used from any thread; all who wait are woken. When the connection is lost one last
 * change is counted, so that whoever waits looks and meets it.
 */
public final class StoreWatch implements Closeable {

  private final XenStore store;
  private final StorePath path;
  private final String token;
  private final EventCounter changes = new EventCounter();

  StoreWatch(XenStore store, StorePath path, String token) {
    this.store = store;
    this.path = path;
    this.token = token;
  }

  /**
   * What is watched.
   *
   * @return the path given to {@link XenStore#watch}
   */
  public StorePath path() {
    return path;
  }

  String token() {
    return token;
  }

  /**
   * How many changes were counted.
   *
   * @return a counter that only grows
   */
  public long changes() {
    return changes.count();
  }

  /**
   * Waits for a change newer than those the caller has seen, the end of the time, an interrupt (the
   * thread's status stays set), or the close. Sample {@link #changes}, look at the nodes, and wait
   * with the sample: then no change is lost between look and wait.
   *
   * @param seen what {@link #changes} returned earlier
   * @param timeoutNanos longest wait in nanoseconds; not positive means not at all
   * @return whether {@code changes() != seen} now
   */
  public boolean await(long seen, long timeoutNanos) {
    return changes.await(seen, timeoutNanos);
  }

  void changed() {
    changes.signal();
  }

  /** Stops watching and wakes waiters. Does not wait for xenstored, and cannot fail. Idempotent. */
  @Override
  public void close() {
    store.forget(this);
    changed();
  }
}
