// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.util.ArrayList;
import java.util.List;

/**
 * What happened, in its order: accesses at the seam, calls of a backend, and whatever else a test
 * adds. May be used from any thread.
 */
public final class Trace {

  private final List<Step> steps = new ArrayList<>();

  /** Makes an empty trace. */
  public Trace() {}

  /**
   * One thing that happened.
   *
   * @param thread who did it
   * @param what what was done
   */
  public record Step(Thread thread, String what) {}

  /**
   * Adds a step of the calling thread.
   *
   * @param what what it did
   */
  public synchronized void add(String what) {
    steps.add(new Step(Thread.currentThread(), what));
  }

  /**
   * Adds every access that matches, for as long as the registration lives.
   *
   * @param point which accesses; best a point after them, where their results are known
   * @return the registration
   */
  public SeamHooks.Hook record(SeamPoint point) {
    return SeamHooks.observe(point, access -> add(access.toString()));
  }

  /**
   * All that happened so far.
   *
   * @return the steps of all threads
   */
  public synchronized List<Step> steps() {
    return List.copyOf(steps);
  }

  /**
   * All that happened so far, without who did it.
   *
   * @return the steps of all threads
   */
  public synchronized List<String> all() {
    return steps.stream().map(Step::what).toList();
  }

  /**
   * What one thread has done so far.
   *
   * @param thread the thread
   * @return its steps
   */
  public synchronized List<String> of(Thread thread) {
    return steps.stream().filter(step -> step.thread().equals(thread)).map(Step::what).toList();
  }

  /** Forgets everything. */
  public synchronized void clear() {
    steps.clear();
  }
}
