// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/** What happened how often, and what must not have happened. May be used from any thread. */
final class Findings {

  private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();
  private final AtomicReference<String> wrong = new AtomicReference<>("-");

  void count(String what) {
    counts.computeIfAbsent(what, key -> new LongAdder()).increment();
  }

  /** Only the first counts. */
  void wrong(String what) {
    wrong.compareAndSet("-", what);
  }

  /** Something that was thrown and must not be. */
  void wrong(String where, Throwable thrown) {
    if (wrong.compareAndSet("-", where + ": " + thrown)) {
      thrown.printStackTrace();
    }
  }

  /** What was wrong first; "-" if nothing was. */
  String first() {
    return wrong.get();
  }

  long of(String what) {
    LongAdder count = counts.get(what);
    return count == null ? 0 : count.sum();
  }

  @Override
  public String toString() {
    return new TreeMap<>(counts).toString();
  }
}
