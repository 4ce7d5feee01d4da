// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.testkit.Watchdog;
import dev.vchan.xen.xenstore.fake.Frame;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** A daemon in the hands of a test, which says byte by byte what its one client gets to read. */
final class RawDaemon implements AutoCloseable {

  private final Path directory = Files.createTempDirectory("xs");
  private final ServerSocketChannel door = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
  private SocketChannel client;
  private InputStream in;
  private OutputStream out;

  RawDaemon() throws IOException {
    door.bind(UnixDomainSocketAddress.of(socket()));
  }

  Path socket() {
    return directory.resolve("socket");
  }

  /** Lets the client connect, if it has not yet. */
  RawDaemon accept() throws IOException {
    if (client == null) {
      client = door.accept();
      in = Channels.newInputStream(client);
      out = Channels.newOutputStream(client);
    }
    return this;
  }

  /** The next request; waited for. */
  Frame next() throws Exception {
    accept();
    return Watchdog.start("next", this::read).get();
  }

  /** The next request; null when the client has hung up. */
  Frame read() throws IOException {
    return Frame.read(in);
  }

  void send(Frame frame) throws IOException {
    send(frame.encode());
  }

  void send(byte[] bytes) throws IOException {
    accept();
    out.write(bytes);
  }

  /** Answers every request from now on, until the client or this daemon hangs up. */
  Watchdog.Task<Void> serve(UnaryOperator<Frame> answers) {
    return Watchdog.start(
        "serve",
        () -> {
          accept();
          try {
            for (Frame request = Frame.read(in); request != null; request = Frame.read(in)) {
              out.write(answers.apply(request).encode());
            }
          } catch (IOException e) {
            // Hung up.
          }
          return null;
        });
  }

  void hangUp() throws IOException {
    accept();
    client.close();
  }

  @Override
  public void close() throws IOException {
    door.close();
    if (client != null) {
      client.close();
    }
    Files.delete(socket());
    Files.delete(directory);
  }
}
