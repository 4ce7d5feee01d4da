// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;

/** The two kinds of sockets. */
enum Kind {
  TCP,
  UNIX;

  /** Listens at a place of its own. */
  ServerSocketChannel listen(Path folder, String name) throws IOException {
    if (this == TCP) {
      return ServerSocketChannel.open()
          .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
    }
    return ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(folder.resolve(name)), 1024);
  }

  /** An operand that listens at a place of its own. */
  String operand(Path folder, String name) {
    return this == TCP ? "tcp:0" : "unix:" + folder.resolve(name);
  }

  /** The socket as an operand. */
  static String operand(SocketAddress address) {
    return switch (address) {
      case InetSocketAddress tcp -> "tcp:127.0.0.1:" + tcp.getPort();
      case UnixDomainSocketAddress unix -> "unix:" + unix.getPath();
      default -> throw new IllegalArgumentException(address.toString());
    };
  }

  /** The other way round. */
  static SocketAddress address(String operand) {
    if (operand.startsWith("unix:")) {
      return UnixDomainSocketAddress.of(operand.substring("unix:".length()));
    }
    int colon = operand.lastIndexOf(':');
    String host = operand.substring("tcp:".length(), colon).replaceAll("[\\[\\]]", "");
    return new InetSocketAddress(host, Integer.parseInt(operand.substring(colon + 1)));
  }
}
