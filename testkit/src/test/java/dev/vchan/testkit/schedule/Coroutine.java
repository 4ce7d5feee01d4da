// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * A body that can be left in the middle and entered again: the JDK's own continuation, which is
 * what virtual threads are made of. Everything runs on the thread that calls {@link #resume}, so a
 * switch costs a fraction of a microsecond, and nothing happens that was not decided.
 *
 * <p>The JDK does not export the class: {@code --add-exports
 * java.base/jdk.internal.vm=ALL-UNNAMED}.
 */
final class Coroutine {

  private static final MethodHandle NEW;
  private static final MethodHandle RUN;
  private static final MethodHandle YIELD;
  private static final Object SCOPE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      Class<?> continuation = Class.forName("jdk.internal.vm.Continuation");
      Class<?> scope = Class.forName("jdk.internal.vm.ContinuationScope");
      SCOPE = scope.getConstructor(String.class).newInstance("schedule");
      NEW =
          lookup
              .findConstructor(
                  continuation, MethodType.methodType(void.class, scope, Runnable.class))
              .asType(MethodType.methodType(Object.class, Object.class, Runnable.class));
      RUN =
          lookup
              .findVirtual(continuation, "run", MethodType.methodType(void.class))
              .asType(MethodType.methodType(void.class, Object.class));
      YIELD =
          lookup
              .findStatic(continuation, "yield", MethodType.methodType(boolean.class, scope))
              .asType(MethodType.methodType(boolean.class, Object.class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Object continuation;
  private Runnable body;

  Coroutine() {
    try {
      continuation = (Object) NEW.invokeExact(SCOPE, (Runnable) this::runBodies);
    } catch (Throwable e) {
      throw new AssertionError("no continuation", e);
    }
  }

  /** One body after another: making a coroutine costs more than many a run. */
  private void runBodies() {
    for (; ; ) {
      body.run();
      pause();
    }
  }

  /** What the next {@link #resume} begins. Only for a coroutine that is new or whose body ended. */
  void prepare(Runnable next) {
    body = next;
  }

  /** Runs on until the body pauses or ends. */
  void resume() {
    try {
      RUN.invokeExact(continuation);
    } catch (Throwable e) {
      throw new AssertionError("a body must not throw", e);
    }
  }

  /** Leaves the body that runs; its {@link #resume} returns. */
  static void pause() {
    try {
      boolean done = (boolean) YIELD.invokeExact(SCOPE);
    } catch (Throwable e) {
      throw new AssertionError("cannot leave this frame", e);
    }
  }
}
