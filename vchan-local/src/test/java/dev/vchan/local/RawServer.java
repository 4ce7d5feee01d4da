// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.spi.EventChannel;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** A listening end as somebody else would write it, in the place of one of ours. */
record RawServer(ServerSocketChannel channel, Path socket) implements AutoCloseable {

  static RawServer instead(Meeting meeting, EventChannel port) throws IOException {
    Path socket = meeting.root().resolve("evtchn/0/" + port.port());
    Files.delete(socket);
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    channel.bind(UnixDomainSocketAddress.of(socket));
    return new RawServer(channel, socket);
  }

  RawPeer accept() throws IOException {
    return new RawPeer(channel.accept());
  }

  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(socket);
  }
}
