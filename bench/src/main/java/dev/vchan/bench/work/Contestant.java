// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.IOException;
import java.nio.file.Path;

/** A way to move bytes between two processes, of which both ends can be opened. */
@FunctionalInterface
interface Contestant extends AutoCloseable {

  /**
   * Opens one end, and waits for the other one.
   *
   * @param meeting the beginning of file names that both sides have and nobody else
   * @param ring bytes the channel is to hold each way, where that can be chosen
   */
  End open(Side side, Path meeting, int ring) throws IOException, InterruptedException;

  /** Whether its ends are used by virtual threads. */
  default boolean isVirtual() {
    return false;
  }

  /** Gives back what all its ends shared. */
  @Override
  default void close() throws IOException {}
}
