// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The connections of this JVM. Whoever looks for xenstored in the same places gets the same one: a
 * domain has few watches and transactions, and a thread for each user would be one too many.
 */
final class Connections {

  /** Guarded by this class. */
  private static final Map<List<Path>, Entry> OPEN = new HashMap<>();

  private Connections() {}

  /** A connection, and how many have it open. */
  private static final class Entry {

    final Connection connection;
    int users;

    Entry(List<Path> places) {
      connection = new Connection(places);
    }
  }

  /** A user more; the connection may not be made yet. One that was lost is replaced. */
  static synchronized Connection acquire(List<Path> places) {
    Entry entry = OPEN.get(places);
    if (entry == null || entry.connection.isOver()) {
      entry = new Entry(places);
      OPEN.put(places, entry);
    }
    entry.users++;
    return entry.connection;
  }

  /** A user less; the last one closes the connection. */
  static void release(List<Path> places, Connection connection) {
    synchronized (Connections.class) {
      Entry entry = OPEN.get(places);
      if (entry != null && entry.connection == connection) {
        entry.users--;
        if (entry.users > 0) {
          return;
        }
        OPEN.remove(places);
      } else if (!connection.isOver()) {
        throw new IllegalStateException("released more often than acquired: " + places);
      }
    }
    connection.close();
  }
}
