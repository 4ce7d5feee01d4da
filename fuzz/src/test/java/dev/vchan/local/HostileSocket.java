// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static dev.vchan.local.DirectoryFuzzer.check;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.vchan.DomainId;
import dev.vchan.fuzz.Input;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Memory.Share;
import dev.vchan.spi.Memory.UnmapNotify;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The other end of an event socket: says hello, or nearly so, then frames, and hangs up. */
final class HostileSocket {

  private static final int PORT = 300;
  private static final int MOST_FRAMES = 100;
  private static final byte UNTOUCHED = 0x55;

  private final Input input;
  private final Path root;

  HostileSocket(Input input, Path root) {
    this.input = input;
    this.root = root;
  }

  /** Lets the backend connect to a port that is not what it seems. */
  void answer(LocalBackend backend, DomainId other) throws Exception {
    Path place = root.resolve("evtchn").resolve(other.toString()).resolve(Integer.toString(PORT));
    if (!Files.isDirectory(place.getParent()) || Files.exists(place)) {
      return;
    }
    try (ServerSocketChannel door = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      door.bind(UnixDomainSocketAddress.of(place));
      Task<Void> answering = Watchdog.start("answering", () -> answer(door));
      try (EventChannel end = backend.events().connect(other, new EventPort(PORT))) {
        end.send();
      } finally {
        answering.get();
      }
    } finally {
      Files.deleteIfExists(place);
    }
  }

  private Void answer(ServerSocketChannel door) throws IOException {
    try (SocketChannel client = door.accept()) {
      ByteBuffer hello = ByteBuffer.allocate(Hello.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
      while (hello.hasRemaining() && client.read(hello) >= 0) {
        // All of it.
      }
      int from = hello.getShort(12);
      int to = hello.getShort(14);
      byte[] welcome = new Hello(0, to, from, hello.getInt(20), hello.getInt(16)).encode();
      client.write(ByteBuffer.wrap(nearly(welcome)));
      client.write(ByteBuffer.wrap(frames(0)));
      return null;
    } catch (IOException e) {
      // It has hung up.
      return null;
    }
  }

  /** Calls a port of the backend, which waits for somebody else. */
  void call(LocalBackend backend, DomainId other) throws Exception {
    try (EventChannel end = backend.events().listen(other);
        Share page = backend.memory().share(other, 1, Optional.of(new UnmapNotify(20, end)))) {
      MemorySegment memory = page.segment();
      memory.fill(UNTOUCHED);
      int port = end.port().value();
      int ref = page.grants().getFirst().value();
      byte[] hello = new Hello(0, other.value(), backend.self().value(), 1, port).encode();
      byte[] frames = frames(ref);
      for (int times = 1 + input.choice(3); times > 0; times--) {
        say(root.resolve("evtchn").resolve(backend.self() + "/" + port), hello, frames);
      }
      for (int i = 0; i < memory.byteSize(); i++) {
        byte now = memory.get(JAVA_BYTE, i);
        check(now == UNTOUCHED || now == 0, "a byte of the page is " + now);
      }
      end.send();
    }
  }

  private void say(Path socket, byte[] hello, byte[] frames) {
    sayAndBeHeard(socket, hello, frames);
    // Whoever was bound is forgotten, and what he had wanted is done, before the door opens again.
    Watchdog.until(
        "listening again", () -> Files.exists(socket) || DirectoryFuzzer.mistakeWasMade());
  }

  private void sayAndBeHeard(Path socket, byte[] hello, byte[] frames) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.write(ByteBuffer.wrap(nearly(hello)));
      channel.write(ByteBuffer.wrap(frames));
      channel.shutdownOutput();
      while (channel.read(ByteBuffer.allocate(256)) >= 0) {
        // Until it has hung up, and so has taken notice of all.
      }
    } catch (IOException e) {
      // It has hung up in the middle.
      return;
    }
  }

  /** A hello with a wrong byte, or a part of one, if not the right one. */
  private byte[] nearly(byte[] hello) {
    switch (input.choice(4)) {
      case 0 -> hello[input.choice(hello.length)] = (byte) input.u8();
      case 1 -> {
        return input.some();
      }
      default -> {}
    }
    return hello;
  }

  private byte[] frames(int ref) {
    ByteArrayOutputStream frames = new ByteArrayOutputStream();
    int count = input.choice(MOST_FRAMES);
    byte[] notice = notice(ref);
    for (int i = 0; i < count; i++) {
      switch (input.choice(8)) {
        case 0 -> frames.write(1);
        case 1 -> frames.write(input.u8());
        case 2 -> frames.writeBytes(input.some());
        case 3 -> {
          byte[] unknown = input.some();
          frames.write(0x12 + input.choice(0xee));
          frames.write(unknown.length);
          frames.writeBytes(unknown);
        }
        case 4 -> notice = notice(ref + input.choice(2));
        default -> frames.writeBytes(notice);
      }
    }
    return frames.toByteArray();
  }

  private byte[] notice(int ref) {
    return ByteBuffer.allocate(10)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put((byte) (input.choice(8) > 0 ? 0x10 : 0x11))
        .put((byte) 8)
        .putShort(input.one(1, 1, 0, 40000).shortValue())
        .putShort((short) input.u16())
        .putInt(ref)
        .array();
  }
}
