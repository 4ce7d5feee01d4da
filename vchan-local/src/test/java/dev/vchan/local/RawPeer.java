// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.spi.EventChannel;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;

/** The other end of an event socket as somebody else would write it, with the document at hand. */
record RawPeer(SocketChannel channel) implements AutoCloseable {

  static RawPeer call(Meeting meeting, EventChannel port) throws IOException {
    return new RawPeer(
        SocketChannel.open(
            UnixDomainSocketAddress.of(meeting.root().resolve("evtchn/0/" + port.port()))));
  }

  /** Calls until somebody listens: a socket's file is there a moment earlier. */
  static RawPeer callUntilHeard(Meeting meeting, EventChannel port) {
    AtomicReference<RawPeer> peer = new AtomicReference<>();
    Watchdog.until(
        "listening again",
        () -> {
          try {
            peer.set(call(meeting, port));
            return true;
          } catch (IOException e) {
            return false;
          }
        });
    return peer.get();
  }

  static byte[] hello(int version, int status, int from, int to, int own, int peer, int required) {
    return ByteBuffer.allocate(32)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put("vchanevt".getBytes())
        .putShort((short) version)
        .putShort((short) status)
        .putShort((short) from)
        .putShort((short) to)
        .putInt(own)
        .putInt(peer)
        .putInt(required)
        // Optional features from the future.
        .putInt(status == 0 ? 0x8000_0001 : 0)
        .array();
  }

  /** The sender's port in a hello. */
  static int port(byte[] hello) {
    return ByteBuffer.wrap(hello).order(ByteOrder.LITTLE_ENDIAN).getInt(16);
  }

  /** As domain 1 to domain 0. */
  void sayHello(int status, EventChannel port) throws IOException {
    write(hello(1, status, 1, 0, 77, port.port().value(), 0));
  }

  void notice(int type, int domain, int offset, int ref) throws IOException {
    write(
        ByteBuffer.allocate(10)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put((byte) type)
            .put((byte) 8)
            .putShort((short) domain)
            .putShort((short) offset)
            .putInt(ref)
            .array());
  }

  void write(int... bytes) throws IOException {
    byte[] out = new byte[bytes.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (byte) bytes[i];
    }
    write(out);
  }

  void write(byte[] bytes) throws IOException {
    for (ByteBuffer out = ByteBuffer.wrap(bytes); out.hasRemaining(); ) {
      channel.write(out);
    }
  }

  /** That many bytes, or fewer if the stream ends before. */
  byte[] read(int count) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(count);
    while (in.hasRemaining() && channel.read(in) >= 0) {
      Thread.onSpinWait();
    }
    return Arrays.copyOf(in.array(), in.position());
  }

  /** Waits for the end of the stream, be it with a reset. */
  boolean atEnd() {
    try {
      return channel.read(ByteBuffer.allocate(1)) < 0;
    } catch (IOException e) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
