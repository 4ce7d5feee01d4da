// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.ends;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A deed under way on a thread of its own: whether it has ended, and how.
 *
 * @param <T> what comes out
 */
public final class Pending<T extends @Nullable Object> {

  /** Far longer than anything takes: whatever is not done by then hangs. */
  static final Duration PATIENCE =
      Boolean.getBoolean("vchan.full") ? Duration.ofHours(1) : Duration.ofSeconds(100);

  private final CompletableFuture<T> outcome;
  private final Runnable interruption;

  Pending(CompletableFuture<T> outcome, Runnable interruption) {
    this.outcome = outcome;
    this.interruption = interruption;
  }

  /**
   * Whether it has ended, well or not.
   *
   * @return false while it runs or is blocked
   */
  public boolean isDone() {
    return outcome.isDone();
  }

  /**
   * What is made of the outcome before anybody else sees it.
   *
   * @param next makes it
   * @param <R> what that is
   * @return this deed and what follows it
   */
  <R> Pending<R> map(Function<T, R> next) {
    return new Pending<>(outcome.thenApply(next), interruption);
  }

  /** Interrupts the thread that does it. */
  public void interrupt() {
    interruption.run();
  }

  /**
   * Waits until it has ended.
   *
   * @return what came out
   * @throws Exception what it threw
   */
  public T get() throws Exception {
    try {
      return outcome.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case Exception thrown -> throw thrown;
        case Error thrown -> throw thrown;
        case null, default -> throw e;
      }
    } catch (TimeoutException e) {
      throw new AssertionError("a call still runs after " + PATIENCE, e);
    }
  }
}
