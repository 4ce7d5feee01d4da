// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore.fake;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The nodes as requests see them: all of them, or those of a transaction. */
abstract sealed class FakeView {

  /** A change to be told to those who watch. */
  record Event(String path, List<String> oldPermissions, List<String> permissions, boolean exact) {}

  /** The node, or null. */
  abstract FakeNode get(String path);

  abstract void put(String path, FakeNode node);

  abstract void delete(String path);

  abstract void fire(Event event);

  /** The nodes that everybody sees. */
  static final class Whole extends FakeView {

    private final Map<String, FakeNode> nodes = new HashMap<>();
    private final FakeStore store;
    private long generation;

    Whole(FakeStore store) {
      this.store = store;
    }

    @Override
    FakeNode get(String path) {
      return nodes.get(path);
    }

    @Override
    void put(String path, FakeNode node) {
      generation++;
      nodes.put(path, node.withGeneration(generation));
    }

    @Override
    void delete(String path) {
      generation++;
      nodes.remove(path);
    }

    @Override
    void fire(Event event) {
      store.fire(event);
    }

    Map<String, FakeNode> nodes() {
      return nodes;
    }
  }

  /** A copy of what was touched, and the generations that it had. */
  static final class Transaction extends FakeView {

    private static final long ABSENT = -1;

    private final Whole whole;
    private final Map<String, Long> seen = new LinkedHashMap<>();
    private final Map<String, FakeNode> own = new HashMap<>();
    private final Map<String, Boolean> modified = new LinkedHashMap<>();
    private final Map<String, Event> events = new LinkedHashMap<>();

    Transaction(Whole whole) {
      this.whole = whole;
    }

    @Override
    FakeNode get(String path) {
      if (!seen.containsKey(path)) {
        seen.put(path, generation(path));
        own.put(path, whole.get(path));
      }
      return own.get(path);
    }

    private long generation(String path) {
      FakeNode node = whole.get(path);
      return node == null ? ABSENT : node.generation();
    }

    @Override
    void put(String path, FakeNode node) {
      own.put(path, node);
      modified.put(path, true);
    }

    @Override
    void delete(String path) {
      own.put(path, null);
      modified.put(path, true);
    }

    @Override
    void fire(Event event) {
      events.merge(event.path(), event, Transaction::both);
    }

    /** Whoever could read the node before the transaction or can after it is told once. */
    private static Event both(Event first, Event last) {
      return new Event(
          first.path(), first.oldPermissions(), last.permissions(), first.exact() && last.exact());
    }

    /** Makes the changes, unless others changed what was seen. */
    boolean commit() {
      for (Map.Entry<String, Long> each : seen.entrySet()) {
        if (generation(each.getKey()) != each.getValue()) {
          return false;
        }
      }
      for (String path : modified.keySet()) {
        FakeNode node = own.get(path);
        if (node != null) {
          whole.put(path, node);
        } else if (whole.get(path) != null) {
          whole.delete(path);
        }
      }
      events.values().forEach(whole::fire);
      return true;
    }
  }
}
