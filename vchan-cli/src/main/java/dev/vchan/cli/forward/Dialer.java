// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import dev.vchan.cli.forward.SocketName.Descriptor;
import dev.vchan.cli.forward.SocketName.Tcp;
import dev.vchan.cli.forward.SocketName.Unix;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Connects to the socket that clients of a channel are to be joined with. For any thread. */
final class Dialer {

  private final SocketName name;
  private final @Nullable Duration patience;

  /**
   * Makes a dialer.
   *
   * @param patience how long a host may take to answer, null for as long as the system waits
   */
  Dialer(SocketName name, @Nullable Duration patience) {
    this.name = name;
    this.patience = patience;
  }

  SocketName name() {
    return name;
  }

  /**
   * Connects.
   *
   * @throws IOException if nobody is there; says where
   */
  SocketChannel connect() throws IOException {
    try {
      return switch (name) {
        case Tcp tcp -> connect(tcp);
        case Unix unix -> SocketChannel.open(UnixDomainSocketAddress.of(unix.path()));
        case Descriptor given -> connect(given);
      };
    } catch (IOException e) {
      throw new IOException("cannot connect to " + name + ": " + Sockets.reason(e), e);
    }
  }

  /** Tries each address that the name has at this moment, as clients do. */
  private SocketChannel connect(Tcp tcp) throws IOException {
    IOException failure = null;
    for (InetAddress address : InetAddress.getAllByName(tcp.host())) {
      SocketChannel socket = SocketChannel.open();
      try {
        int millis = patience == null ? 0 : Math.clamp(patience.toMillis(), 1, Integer.MAX_VALUE);
        socket.socket().connect(new InetSocketAddress(address, tcp.port()), millis);
        return socket;
      } catch (IOException | RuntimeException e) {
        socket.close();
        if (!(e instanceof IOException unreachable)) {
          throw e;
        }
        failure = unreachable;
      }
    }
    throw failure == null ? new IOException("no address") : failure;
  }

  private static SocketChannel connect(Descriptor given) throws IOException {
    if (Inherited.channel(given) instanceof SocketChannel socket) {
      return socket;
    }
    throw new IOException("it is not a socket that is connected");
  }
}
