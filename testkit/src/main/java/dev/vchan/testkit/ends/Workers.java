// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.ends;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Threads on which deeds are done: a new one for each, so that any number can block. */
public enum Workers {
  /** Platform threads. */
  PLATFORM,
  /** Virtual threads. */
  VIRTUAL;

  /**
   * Starts a thread.
   *
   * @param work what it does
   * @param <T> what comes out
   * @return how it goes
   */
  public <T extends @Nullable Object> Pending<T> start(Callable<T> work) {
    CompletableFuture<T> outcome = new CompletableFuture<>();
    Thread.Builder kind = this == VIRTUAL ? Thread.ofVirtual() : Thread.ofPlatform().daemon();
    Thread thread =
        kind.name("worker")
            .start(
                () -> {
                  try {
                    outcome.complete(work.call());
                  } catch (Throwable e) {
                    outcome.completeExceptionally(e);
                  }
                });
    return new Pending<>(outcome, thread::interrupt);
  }
}
