// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Lets a test be present at every access of the endpoint to shared memory and time. A hook lives
 * from its registration to its close, and should be registered in a try-with-resources statement:
 *
 * <pre>{@code
 * var secondLook = SeamPoint.before("intAcquire").at(12).by(reader).nth(2);
 * try (var hook = SeamHooks.on(secondLook, () -> peer.write(bytes))) {
 *   ...
 *   assertThat(hook.hits()).isEqualTo(1);
 * }
 * }</pre>
 *
 * <p>Actions run on the thread that makes the access, which goes on when they return. What an
 * action itself does passes no hook. What an action throws comes out of the access as an {@link
 * AssertionError}.
 */
public final class SeamHooks {

  private static final CopyOnWriteArrayList<Hook> HOOKS = new CopyOnWriteArrayList<>();
  private static final ThreadLocal<Boolean> INSIDE = ThreadLocal.withInitial(() -> false);

  /** All that an access costs when no test is interested. */
  private static volatile @Nullable Object listening;

  private static boolean installed;

  private SeamHooks() {}

  /**
   * Runs an action at certain accesses.
   *
   * @param point which ones
   * @param action what to do there
   * @return the registration; ends when it is closed
   */
  public static Hook on(SeamPoint point, Action action) {
    return register(new Hook(point, access -> action.run()));
  }

  /**
   * Runs an action at certain accesses, which is told about each.
   *
   * @param point which ones
   * @param observer what to do there
   * @return the registration; ends when it is closed
   */
  public static Hook observe(SeamPoint point, Observer observer) {
    return register(new Hook(point, observer));
  }

  private static synchronized Hook register(Hook hook) {
    if (!installed) {
      LeakCheck.tolerate(SeamAgent::install);
      installed = true;
    }
    HOOKS.add(hook);
    listening = HOOKS;
    return hook;
  }

  private static synchronized void unregister(Hook hook) {
    HOOKS.remove(hook);
    if (HOOKS.isEmpty()) {
      listening = null;
    }
  }

  /**
   * Called by the rewritten seam at the beginning of each of its methods.
   *
   * @param method its name
   * @param target the memory, the blocker or the thread it is about, if any
   * @param offset offset within {@code target}, or nanoseconds
   * @param value value to be stored, or bytes to be copied
   */
  public static void before(String method, @Nullable Object target, long offset, long value) {
    if (listening != null) {
      meet(true, method, target, offset, value);
    }
  }

  /**
   * Called by the rewritten seam before each of its methods returns.
   *
   * @param method its name
   * @param target as for {@link #before}
   * @param offset as for {@link #before}
   * @param value the result, if there is one; else as for {@link #before}
   */
  public static void after(String method, @Nullable Object target, long offset, long value) {
    if (listening != null) {
      meet(false, method, target, offset, value);
    }
  }

  private static void meet(
      boolean before, String method, @Nullable Object target, long offset, long value) {
    if (INSIDE.get()) {
      return;
    }
    INSIDE.set(true);
    try {
      SeamAccess access =
          new SeamAccess(before, method, target, offset, value, Thread.currentThread());
      for (Hook hook : HOOKS) {
        hook.meet(access);
      }
    } finally {
      INSIDE.set(false);
    }
  }

  /** What to do at an access. */
  @FunctionalInterface
  public interface Action {

    /**
     * Does it.
     *
     * @throws Exception if the test shall fail
     */
    void run() throws Exception;
  }

  /** What to do at an access, with the access at hand. */
  @FunctionalInterface
  public interface Observer {

    /**
     * Does it.
     *
     * @param access what is being done
     * @throws Exception if the test shall fail
     */
    void at(SeamAccess access) throws Exception;
  }

  /** A registration. */
  public static final class Hook implements AutoCloseable {

    private final SeamPoint point;
    private final Observer observer;
    private final AtomicInteger passed = new AtomicInteger();
    private final AtomicInteger hits = new AtomicInteger();

    private Hook(SeamPoint point, Observer observer) {
      this.point = point;
      this.observer = observer;
    }

    private void meet(SeamAccess access) {
      if (!point.matches(access) || !point.wants(passed.incrementAndGet())) {
        return;
      }
      hits.incrementAndGet();
      try {
        observer.at(access);
      } catch (Exception e) {
        throw new AssertionError("a hook failed at " + access, e);
      }
    }

    /**
     * How often the action has run.
     *
     * @return a number that a test should check: a hook that was never reached proves nothing
     */
    public int hits() {
      return hits.get();
    }

    /** Ends the registration. An action that is running goes on. */
    @Override
    public void close() {
      unregister(this);
    }
  }
}
