// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;

/**
 * Short work with a file channel that an interrupt shall not spoil. A file channel is closed under
 * whoever is interrupted while using it; files that are about to be mapped are worth a second try.
 */
final class Uninterrupted {

  private Uninterrupted() {}

  /** Work that opens its own channel each time it runs. */
  interface Work<T> {
    T run() throws IOException;
  }

  /** Runs the work, again if an interrupt ended it, and leaves the interrupt status as it came. */
  static <T> T run(Work<T> work) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      for (; ; ) {
        try {
          return work.run();
        } catch (ClosedByInterruptException e) {
          // One turn for each interrupt; whoever interrupts without end has asked for it.
          interrupted |= Thread.interrupted();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
