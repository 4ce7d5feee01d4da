// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * What a channel holds, given back in the reverse order in which it was taken. A set-up that fails
 * half-way closes the same object that the finished channel would.
 */
final class Resources implements Closeable {

  private final Deque<Closeable> taken = new ArrayDeque<>();

  <T extends Closeable> T add(T resource) {
    taken.push(resource);
    return resource;
  }

  /** Closes everything, whatever fails on the way; the first failure carries the others. */
  @Override
  public void close() throws IOException {
    Throwable failure = null;
    while (!taken.isEmpty()) {
      try {
        taken.pop().close();
      } catch (IOException | RuntimeException | Error e) {
        failure = combine(failure, e);
      }
    }
    switch (failure) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      default -> throw (Error) failure;
    }
  }

  /** Closes {@code resource} because of {@code cause}, which takes a further failure along. */
  static void closeBecause(Throwable cause, Closeable resource) {
    try {
      resource.close();
    } catch (IOException | RuntimeException | Error e) {
      cause.addSuppressed(e);
    }
  }

  private static Throwable combine(@Nullable Throwable first, Throwable next) {
    if (first == null) {
      return next;
    }
    first.addSuppressed(next);
    return first;
  }
}
