// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** A Unix-domain socket as Java has it. */
final class SocketContestant implements Contestant {

  private final boolean virtual;

  SocketContestant(boolean virtual) {
    this.virtual = virtual;
  }

  @Override
  public boolean isVirtual() {
    return virtual;
  }

  @Override
  public End open(Side side, Path meeting, int ring) throws IOException, InterruptedException {
    Path file = Path.of(meeting + ".sock");
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(file);
    if (side == Side.B) {
      return new SocketEnd(Patience.until(() -> SocketChannel.open(address)));
    }
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      return new SocketEnd(server.accept());
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static final class SocketEnd extends End {

    private final SocketChannel channel;

    SocketEnd(SocketChannel channel) {
      this.channel = channel;
    }

    @Override
    void send(ByteBuffer bytes) throws IOException {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }

    @Override
    int receive(ByteBuffer target) throws IOException {
      return channel.read(target);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
