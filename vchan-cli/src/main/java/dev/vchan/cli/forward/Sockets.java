// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.nio.file.FileSystemException;
import java.util.Objects;

/** What TCP and Unix-domain sockets have in common, and where they differ. */
final class Sockets {

  private Sockets() {}

  /** Small messages are not held back, and a host that has vanished is noticed some day. */
  static void prepare(SocketChannel socket) throws IOException {
    if (socket.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
      socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
      socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    }
  }

  /**
   * Closes a socket so that its client cannot take that for the end of a complete stream, as far as
   * its kind of socket knows a difference: Unix-domain sockets do not.
   */
  static void reset(SocketChannel socket) {
    try (socket) {
      socket.setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException e) {
      // It is closed, by its client or by us.
      return;
    }
  }

  /** Who is at the other end, in words. */
  static String client(SocketChannel socket) {
    try {
      return socket.getRemoteAddress() instanceof InetSocketAddress tcp
          ? tcp.getAddress().getHostAddress() + ":" + tcp.getPort()
          : "unix";
    } catch (IOException e) {
      return "gone";
    }
  }

  /** What the system said; some of the JDK's exceptions have only a name for a message. */
  static String reason(Exception cause) {
    return switch (cause) {
      case UnknownHostException _ -> "no such host";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> Objects.requireNonNullElse(cause.getMessage(), cause.toString());
    };
  }
}
