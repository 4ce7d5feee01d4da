// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.util.Arrays;

/**
 * Which things are accessed by more than one thread and changed by at least one of them. Nobody can
 * notice when a thread accesses anything else, so it need not be left there: to be left before its
 * next access that others can notice is the same.
 *
 * <p>What is shared is learnt from the runs. Whoever wants all of them begins again when it has
 * {@linkplain #grew grown}, until a whole exploration has taught nothing.
 */
final class Visibility {

  private final long[] users;
  private final boolean[] changed;
  private final boolean[] shared;
  private boolean grew;

  Visibility(int keys) {
    users = new long[keys];
    changed = new boolean[keys];
    shared = new boolean[keys];
  }

  void note(int key, boolean store, int task) {
    users[key] |= 1L << task;
    changed[key] |= store;
    if (!shared[key] && changed[key] && Long.bitCount(users[key]) > 1) {
      shared[key] = true;
      grew = true;
    }
  }

  boolean isShared(int key) {
    return shared[key];
  }

  /** Whether more is shared than when this was last asked. */
  boolean grew() {
    boolean result = grew;
    grew = false;
    return result;
  }

  /** Takes everything for shared, as a replay must: it knows nothing of earlier runs. */
  void shareAll() {
    Arrays.fill(shared, true);
  }

  void forget() {
    Arrays.fill(users, 0);
    Arrays.fill(changed, false);
    Arrays.fill(shared, false);
    grew = false;
  }
}
