// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Backend;
import dev.vchan.spi.MemoryBarrier;
import java.util.Optional;

/**
 * What goes beyond the classic page: what a side offers, or what both have agreed on.
 *
 * @param halfClose whether an end of one direction, and a death, can be told
 * @param barrier what a side makes behind its requests, so that the other needs no fence
 */
record Extensions(boolean halfClose, Optional<MemoryBarrier> barrier) {

  /** What can be offered. A page that outlives its client cannot keep what that client said. */
  static Extensions of(Backend backend, VchanOptions options) {
    boolean any = options.halfClose() && !options.persistent();
    return new Extensions(any, any ? backend.memoryBarrier() : Optional.empty());
  }

  /** As bits of the byte in which a side asks. */
  int bits() {
    return (halfClose ? ControlPage.HALF_CLOSE : 0)
        | (barrier.isPresent() ? ControlPage.BARRIER : 0);
  }

  /** Of these, what the peer knows as well, by its bits. */
  Extensions and(int peer) {
    boolean known = halfClose && (peer & ControlPage.HALF_CLOSE) != 0;
    // Only with half-close: a page without it may have had another client before.
    boolean both = known && (peer & ControlPage.BARRIER) != 0;
    return new Extensions(known, both ? barrier : Optional.empty());
  }
}
