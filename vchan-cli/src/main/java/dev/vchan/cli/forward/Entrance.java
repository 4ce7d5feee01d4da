// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import java.io.Closeable;
import java.io.IOException;

/** Where clients come from: a socket or a path of the rendezvous. One thread accepts. */
public interface Entrance extends Closeable {

  /**
   * Waits for a client. What it needs and the system refuses for the moment is waited for.
   *
   * @return the client, to be joined by another thread
   * @throws IOException if no more can come, or this was closed
   */
  Arrival accept() throws IOException;

  /**
   * Stops listening. Sessions go on.
   *
   * @throws IOException if the system fails
   */
  @Override
  void close() throws IOException;
}
