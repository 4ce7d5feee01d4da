// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.cli.Machine.Running;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Clients come to a socket, and over a channel to a service: two processes of the command. */
final class Forwards implements AutoCloseable {

  private static final Pattern PLACE = Pattern.compile("listening at (\\S+), forwarding");
  private static final Pattern CONNECTED = Pattern.compile("is connected");
  private static final Pattern ENDED = Pattern.compile("has ended: ");

  private final Running front;
  private final Running back;
  private final SocketAddress address;

  Forwards(Machine machine, Path folder, Kind kind, String service) throws Exception {
    back = machine.start("forward", "-v", "0", "t", service);
    front = machine.start("forward", "-v", kind.operand(folder, "front"), "0", "t");
    back.says("forwarding to " + service);
    address = Kind.address(place(front));
  }

  /** Where a forward says that it listens. */
  static String place(Running forward) throws Exception {
    forward.says(", forwarding");
    Matcher place = PLACE.matcher(forward.messages());
    assertThat(place.find()).describedAs(forward.messages()).isTrue();
    return place.group(1);
  }

  SocketChannel connect() throws IOException {
    return SocketChannel.open(address);
  }

  /** The process that clients come to. */
  Running front() {
    return front;
  }

  /** The process beside the service. */
  Running back() {
    return back;
  }

  /**
   * Sends bytes to an echo and compares what comes back: the end of the bytes is announced, and
   * only then can the echo say how many there were.
   */
  static void echo(SocketChannel client, long seed, long size) throws Exception {
    Task<Void> writing = Watchdog.start("write", () -> write(client, seed, size));
    check(client, seed, size);
    ByteBuffer count = ByteBuffer.allocate(Long.BYTES);
    while (count.hasRemaining()) {
      assertThat(client.read(count)).isPositive();
    }
    assertThat(count.flip().getLong()).isEqualTo(size);
    assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    writing.get();
  }

  private static Void write(SocketChannel socket, long seed, long size) throws IOException {
    send(socket, seed, size);
    socket.shutdownOutput();
    return null;
  }

  static void send(SocketChannel socket, long seed, long size) throws IOException {
    Patterns pattern = new Patterns(seed);
    for (long left = size; left > 0; left = size - pattern.position()) {
      Service.writeAll(socket, pattern.next((int) Math.min(left, 1 << 16)));
    }
  }

  /** Reads as many bytes of a pattern as there must be. */
  static void check(SocketChannel socket, long seed, long size) throws IOException {
    Patterns pattern = new Patterns(seed);
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    while (pattern.position() < size) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), size - pattern.position()));
      assertThat(socket.read(buffer))
          .describedAs("end after %d of %d bytes", pattern.position(), size)
          .isPositive();
      pattern.check(buffer.flip());
    }
  }

  /** Reads a pattern to the end of the stream, or its reset, and returns how many bytes came. */
  static long count(SocketChannel socket, long seed) {
    Patterns pattern = new Patterns(seed);
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    try {
      while (socket.read(buffer.clear()) >= 0) {
        pattern.check(buffer.flip());
      }
    } catch (IOException e) {
      // What came before counts.
      return pattern.position();
    }
    return pattern.position();
  }

  /** Waits until no session is under way at either end. */
  void awaitIdle() {
    Watchdog.until("idle", () -> underWay(front) == 0 && underWay(back) == 0);
  }

  private static long underWay(Running forward) {
    try {
      String said = Files.readString(forward.error());
      return CONNECTED.matcher(said).results().count() - ENDED.matcher(said).results().count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends both, which have nothing under way. */
  @Override
  public void close() throws Exception {
    awaitIdle();
    front.process().destroy();
    back.process().destroy();
    assertThat(front.exitCode()).isEqualTo(143);
    assertThat(back.exitCode()).isEqualTo(143);
  }
}
