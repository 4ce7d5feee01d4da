// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import java.io.IOException;

/** A socket was reset, or failed otherwise, in the middle of a session. */
final class SocketFailure extends IOException {

  private static final long serialVersionUID = 1;

  SocketFailure(String doing, IOException cause) {
    super(doing + " the socket: " + Sockets.reason(cause), cause);
  }
}
