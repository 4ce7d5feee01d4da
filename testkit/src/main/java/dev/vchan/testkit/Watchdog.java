// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Work that must end, and conditions that must come true, within a time that only a hang exceeds.
 */
public final class Watchdog {

  /** Waits in a system call that is made without the JDK's help. */
  private static final String POLLS = "dev.vchan.xen.InterruptiblePoll";

  /** The frames of a call into the system, some of which the JDK makes. */
  private static final int NEAR = 20;

  private static final long LIMIT_SECONDS = 30;
  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

  private Watchdog() {}

  /**
   * Starts work on a platform thread of its own.
   *
   * @param <T> what it yields
   * @param name name of the thread
   * @param work what to do
   * @return the work in progress
   */
  public static <T> Task<T> start(String name, Callable<T> work) {
    return start(Thread.ofPlatform().daemon().name("test-" + name), work);
  }

  /**
   * Starts work on a thread of the caller's choice.
   *
   * @param <T> what it yields
   * @param thread makes the thread
   * @param work what to do
   * @return the work in progress
   */
  public static <T> Task<T> start(Thread.Builder thread, Callable<T> work) {
    CompletableFuture<T> outcome = new CompletableFuture<>();
    Thread started =
        thread.start(
            () -> {
              try {
                outcome.complete(work.call());
              } catch (Throwable e) {
                outcome.completeExceptionally(e);
              }
            });
    return new Task<>(started, outcome);
  }

  /**
   * Waits until a condition holds.
   *
   * @param what the condition in words
   * @param condition asked again and again
   * @throws AssertionError if it does not come true within half a minute; with all threads
   */
  public static void until(String what, BooleanSupplier condition) {
    until(() -> what, condition);
  }

  /**
   * Waits until a condition holds.
   *
   * @param what the condition in words, asked for only if it does not come true
   * @param condition asked again and again
   * @throws AssertionError if it does not come true within half a minute; with all threads
   */
  public static void until(Supplier<String> what, BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(LIMIT_SECONDS)) {
        throw new AssertionError("not " + what.get() + " in " + LIMIT_SECONDS + " s" + threads());
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  /**
   * Waits until a thread sleeps, or has ended.
   *
   * @param thread the thread
   */
  public static void untilAsleep(Thread thread) {
    until("asleep: " + thread, () -> isAsleep(thread));
  }

  /**
   * Whether a thread sleeps, or has ended.
   *
   * @param thread the thread
   * @return false if it runs
   */
  public static boolean isAsleep(Thread thread) {
    return switch (thread.getState()) {
      case WAITING, TIMED_WAITING, TERMINATED -> true;
      case RUNNABLE -> Arrays.stream(thread.getStackTrace()).limit(NEAR).anyMatch(Watchdog::polls);
      case NEW, BLOCKED -> false;
    };
  }

  /** A thread that sleeps in a system call runs, as far as the JVM knows. */
  private static boolean polls(StackTraceElement at) {
    return switch (at.getMethodName()) {
      case "wait", "poll" -> at.isNativeMethod() && at.getClassName().startsWith("sun.nio.ch.");
      default -> at.getClassName().equals(POLLS) && at.getMethodName().equals("await");
    };
  }

  /**
   * Where every platform thread is.
   *
   * @return some lines for each
   */
  public static String threads() {
    StringBuilder text = new StringBuilder();
    for (Map.Entry<Thread, StackTraceElement[]> each : Thread.getAllStackTraces().entrySet()) {
      text.append("\n").append(each.getKey());
      Arrays.stream(each.getValue()).limit(20).forEach(at -> text.append("\n    at ").append(at));
    }
    return text.toString();
  }

  /**
   * Work in progress.
   *
   * @param <T> what it yields
   * @param thread who does it
   * @param outcome what came of it
   */
  public record Task<T>(Thread thread, CompletableFuture<T> outcome) {

    /**
     * Waits until the work has ended.
     *
     * @return what it yielded
     * @throws AssertionError if it does not end within half a minute; with all threads
     * @throws Exception what the work threw
     */
    public T get() throws Exception {
      try {
        return outcome.get(LIMIT_SECONDS, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        throw new AssertionError(
            thread.getName() + " has not ended in " + LIMIT_SECONDS + " s" + threads(), e);
      } catch (ExecutionException e) {
        switch (e.getCause()) {
          case Exception cause -> throw cause;
          case Error cause -> throw cause;
          case null, default -> throw e;
        }
      }
    }

    /**
     * Waits until the work has failed.
     *
     * @return what it threw
     * @throws AssertionError if it succeeded, or does not end within half a minute
     */
    public Throwable failure() {
      T result;
      try {
        result = get();
      } catch (Exception e) {
        return e;
      }
      throw new AssertionError(thread.getName() + " should have failed but yielded " + result);
    }

    /** Waits until the thread sleeps, or has ended. */
    public void untilAsleep() {
      Watchdog.untilAsleep(thread);
    }
  }
}
