// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.lang.foreign.MemorySegment;
import java.util.function.Predicate;

/** Which accesses a test is interested in. Immutable; each method narrows the choice. */
public final class SeamPoint {

  private final Predicate<SeamAccess> condition;
  private final int nth;

  private SeamPoint(Predicate<SeamAccess> condition, int nth) {
    this.condition = condition;
    this.nth = nth;
  }

  /**
   * Every access that is about to be made.
   *
   * @return a point
   */
  public static SeamPoint before() {
    return new SeamPoint(SeamAccess::before, 0);
  }

  /**
   * Every access that has just been made.
   *
   * @return a point
   */
  public static SeamPoint after() {
    return new SeamPoint(access -> !access.before(), 0);
  }

  /**
   * The moment before each call of one of the seam's methods.
   *
   * @param method its name
   * @return a point
   */
  public static SeamPoint before(String method) {
    return before().and(access -> access.method().equals(method));
  }

  /**
   * The moment after each call of one of the seam's methods.
   *
   * @param method its name
   * @return a point
   */
  public static SeamPoint after(String method) {
    return after().and(access -> access.method().equals(method));
  }

  /**
   * Only accesses at an offset.
   *
   * @param offset offset within the page or ring
   * @return a narrower point
   */
  public SeamPoint at(long offset) {
    return and(access -> access.offset() == offset);
  }

  /**
   * Only accesses to certain memory.
   *
   * @param memory a page, or a ring
   * @return a narrower point
   */
  public SeamPoint in(MemorySegment memory) {
    return and(access -> access.touches(memory));
  }

  /**
   * Only accesses by one thread.
   *
   * @param thread the thread
   * @return a narrower point
   */
  public SeamPoint by(Thread thread) {
    return and(access -> access.thread().equals(thread));
  }

  /**
   * Only accesses that fulfil a condition.
   *
   * @param more the condition
   * @return a narrower point
   */
  public SeamPoint and(Predicate<SeamAccess> more) {
    return new SeamPoint(condition.and(more), nth);
  }

  /**
   * Only the n-th of all the accesses that match, counted from the registration.
   *
   * @param number 1 the first
   * @return a narrower point
   */
  public SeamPoint nth(int number) {
    return new SeamPoint(condition, number);
  }

  boolean matches(SeamAccess access) {
    return condition.test(access);
  }

  boolean wants(int number) {
    return nth == 0 || nth == number;
  }
}
