// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import java.io.Closeable;
import java.io.IOException;

/**
 * By what one end of a channel sees that the other end's domain is still there. Xen announces no
 * death, and whom one can ask depends on who one is.
 */
@FunctionalInterface
interface Sign extends Closeable {

  /**
   * Leaves what the other end needs to see, and looks for what it has left. Once, when the port is
   * bound, and before anybody is told of it.
   *
   * @throws IOException if it fails; the port is of no use then
   */
  default void begin() throws IOException {}

  /**
   * Looks.
   *
   * @return false if the domain is gone; true also if nothing is known
   * @throws IOException if the look fails, and nothing is known then
   */
  boolean isThere() throws IOException;

  /** Takes back what was left. Idempotent. */
  @Override
  default void close() throws IOException {}
}
