// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** xenstored's socket, in the domain in which it runs. */
final class SocketTransport implements Transport {

  private final Path place;
  private final SocketChannel channel;

  SocketTransport(Path place) throws IOException {
    this.place = place;
    this.channel = SocketChannel.open(StandardProtocolFamily.UNIX);
  }

  @Override
  public void open() throws IOException {
    channel.connect(UnixDomainSocketAddress.of(place));
  }

  @Override
  public int maxPayload() {
    return Message.MAX_PAYLOAD;
  }

  /** Through its socket oxenstored tells all children at once, however many they are. */
  @Override
  public int maxListing() {
    return Listing.MAX_BYTES;
  }

  @Override
  public boolean keepsRequestIds() {
    return true;
  }

  @Override
  public void write(ByteBuffer message) throws IOException {
    while (message.hasRemaining()) {
      channel.write(message);
    }
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    return channel.read(target);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
