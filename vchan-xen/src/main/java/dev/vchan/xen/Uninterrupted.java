// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;

/**
 * Tidying up in XenStore, also in a thread that was interrupted, since that is how many a channel
 * comes to its end.
 */
final class Uninterrupted {

  private Uninterrupted() {}

  /** Work that may be done twice. */
  interface Work {
    void run() throws IOException;
  }

  /** Runs the work, again if an interrupt ended it, and leaves the interrupt status as it came. */
  static void run(Work work) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      for (boolean done = false; !done; ) {
        try {
          work.run();
          done = true;
        } catch (ClosedByInterruptException e) {
          // One more try for each interrupt; whoever interrupts without end has asked for it.
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
