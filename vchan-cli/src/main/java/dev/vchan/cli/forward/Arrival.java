// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import java.io.IOException;

/** A client that has come, with one half of its session. */
interface Arrival {

  /** Who it is, in words. */
  String who();

  /**
   * Finds the other half.
   *
   * @throws IOException if there is none; the client has been turned away
   */
  Session join() throws IOException;

  /** Turns the client away, before it was joined. */
  void turnAway() throws IOException;
}
