// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import dev.vchan.cli.forward.SocketName.Descriptor;
import dev.vchan.cli.forward.SocketName.Tcp;
import dev.vchan.cli.forward.SocketName.Unix;
import java.io.Closeable;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A socket that clients come to. One thread accepts, any may close. */
final class SocketListener implements Closeable {

  /** How many clients may wait to be accepted, if the system allows as many. */
  private static final int BACKLOG = 1024;

  private final ServerSocketChannel server;
  private final SocketName name;
  private final @Nullable UnixSocketFile file;
  private final AtomicBoolean closed = new AtomicBoolean();

  private SocketListener(
      ServerSocketChannel server, SocketName name, @Nullable UnixSocketFile file) {
    this.server = server;
    this.name = name;
    this.file = file;
  }

  /**
   * Starts to listen.
   *
   * @throws IOException if that is not possible; says where
   */
  static SocketListener open(SocketName name) throws IOException {
    try {
      return switch (name) {
        case Tcp tcp -> open(tcp);
        case Unix unix -> open(unix);
        case Descriptor given -> open(given);
      };
    } catch (IOException | UnsupportedOperationException e) {
      throw new IOException("cannot listen at " + name + ": " + Sockets.reason(e), e);
    }
  }

  private static SocketListener open(Tcp tcp) throws IOException {
    boolean everywhere = tcp.host().equals(SocketName.EVERYWHERE);
    InetSocketAddress address =
        everywhere
            ? new InetSocketAddress(tcp.port())
            : new InetSocketAddress(InetAddress.getByName(tcp.host()), tcp.port());
    // A socket of both families would listen at IPv6 too where IPv4 alone was asked for.
    boolean onlyIpv4 = !everywhere && address.getAddress() instanceof Inet4Address;
    ServerSocketChannel server =
        onlyIpv4
            ? ServerSocketChannel.open(StandardProtocolFamily.INET)
            : ServerSocketChannel.open();
    try {
      server.bind(address, BACKLOG);
      int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
      return new SocketListener(server, new Tcp(tcp.host(), port), null);
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private static SocketListener open(Unix unix) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      return new SocketListener(server, unix, UnixSocketFile.bind(server, unix.path(), BACKLOG));
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private static SocketListener open(Descriptor given) throws IOException {
    Channel inherited = Inherited.channel(given);
    if (inherited instanceof ServerSocketChannel server) {
      return new SocketListener(server, given, null);
    }
    throw new IOException("it is not a socket that listens");
  }

  /** Waits for a client. */
  SocketChannel accept() throws IOException {
    return server.accept();
  }

  boolean isOpen() {
    return !closed.get();
  }

  /** Where it listens, with the number of the port that the system chose. */
  SocketName name() {
    return name;
  }

  /** Stops listening. Clients that are in the queue are turned away. */
  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try (server) {
      if (file != null) {
        file.remove();
      }
    }
  }
}
