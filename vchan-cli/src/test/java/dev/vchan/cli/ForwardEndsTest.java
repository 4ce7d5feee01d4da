// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.cli.Machine.Running;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How forwarded sessions end that do not end by themselves, and who else notices. */
@Timeout(300)
class ForwardEndsTest {

  @TempDir private Path folder;
  private Machine machine;

  /** How each connection of the service ended. */
  private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();

  @BeforeEach
  void open() {
    machine = new Machine(folder);
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    machine.close();
    assertThat(folder.resolve("front")).doesNotExist();
  }

  /** An echo that keeps how its connections end. */
  private Service service(Kind kind) throws IOException {
    return new Service(
        kind.listen(folder, "service"),
        client -> {
          try {
            Service.echo(client);
            ends.add("end");
          } catch (IOException e) {
            ends.add("reset");
          }
        });
  }

  private static void exchange(SocketChannel client) throws IOException {
    client.write(ByteBuffer.wrap("ping".getBytes(UTF_8)));
    ByteBuffer answer = ByteBuffer.allocate(4);
    while (answer.hasRemaining()) {
      assertThat(client.read(answer)).isPositive();
    }
    assertThat(new String(answer.array(), UTF_8)).isEqualTo("ping");
  }

  /** Ends a session in good order: the echo says how many bytes there were. */
  private static void finish(SocketChannel client) throws IOException {
    client.shutdownOutput();
    ByteBuffer rest = ByteBuffer.allocate(100);
    while (client.read(rest) >= 0) {
      // Until the end.
    }
    assertThat(rest.flip().remaining()).isEqualTo(Long.BYTES);
  }

  private static void assertReset(SocketChannel client) {
    assertThatThrownBy(() -> client.read(ByteBuffer.allocate(1)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("reset");
  }

  @Test
  void aClientIsResetWhenThePeerIsKilledAndTheNextOneIsServedByItsSuccessor() throws Exception {
    try (Service service = service(Kind.TCP)) {
      Running back = machine.start("forward", "0", "t", service.operand());
      Running front = machine.start("forward", "tcp:0", "0", "t");
      String place = Forwards.place(front);
      try (SocketChannel client = SocketChannel.open(Kind.address(place))) {
        exchange(client);
        back.process().destroyForcibly();
        assertReset(client);
      }
      front.says("died");
      back.exitCode();
      Running successor = machine.start("forward", "0", "t", service.operand());
      successor.says("listening");
      try (SocketChannel client = SocketChannel.open(Kind.address(place))) {
        exchange(client);
        finish(client);
      }
      terminate(front);
      terminate(successor);
    }
  }

  private static void terminate(Running forward) throws Exception {
    forward.process().destroy();
    assertThat(forward.exitCode()).describedAs(forward.messages()).isEqualTo(143);
  }

  @Test
  void theServiceIsResetWhenThePeerIsKilled() throws Exception {
    try (Service service = service(Kind.TCP)) {
      Running back = machine.start("forward", "0", "t", service.operand());
      Running front = machine.start("forward", "unix:front", "0", "t");
      Forwards.place(front);
      try (SocketChannel client = SocketChannel.open(Kind.address("unix:" + folder + "/front"))) {
        exchange(client);
        front.process().destroyForcibly();
        assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      }
      assertThat(ends.take()).isEqualTo("reset");
      back.says("died");
      front.exitCode();
      Files.delete(folder.resolve("front"));
      terminate(back);
      machine.sweep();
    }
  }

  @Test
  void aClientThatResetsEndsItsSessionOnly() throws Exception {
    try (Service service = service(Kind.TCP);
        Forwards forwards = new Forwards(machine, folder, Kind.TCP, service.operand())) {
      try (SocketChannel other = forwards.connect()) {
        exchange(other);
        try (SocketChannel client = forwards.connect()) {
          exchange(client);
          client.setOption(StandardSocketOptions.SO_LINGER, 0);
        }
        ends.take();
        forwards.front().says("reset");
        exchange(other);
      }
      assertThat(ends.take()).isEqualTo("end");
    }
  }

  @Test
  void aServiceThatIsNotThereIsNamedAndItsClientTurnedAway() throws Exception {
    String nobody;
    try (ServerSocketChannel socket = Kind.UNIX.listen(folder, "service")) {
      nobody = Kind.operand(socket.getLocalAddress());
    }
    try (Forwards forwards = new Forwards(machine, folder, Kind.UNIX, nobody)) {
      try (SocketChannel client = forwards.connect()) {
        assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      }
      forwards.back().says("cannot connect to " + nobody + ": Connection refused");
      Files.delete(folder.resolve("service"));
      try (Service service = service(Kind.UNIX);
          SocketChannel client = forwards.connect()) {
        exchange(client);
      }
    }
  }

  @Test
  void aClientIsTurnedAwayIfThereIsNoServerInTime() throws Exception {
    Running front = machine.start("forward", "-w", "0.2", "tcp:0", "1", "t");
    try (SocketChannel client = SocketChannel.open(Kind.address(Forwards.place(front)))) {
      assertReset(client);
    }
    front.says("no server at /local/domain/1/data/vchan/0/t of domain 1");
    terminate(front);
  }

  @Test
  void interruptedWithNothingUnderWayItLeavesNothing() throws Exception {
    try (Service service = service(Kind.TCP)) {
      Running back = machine.start("forward", "0", "t", service.operand());
      Running front = machine.start("forward", "-v", "unix:front", "0", "t");
      Forwards.place(front);
      try (SocketChannel client = SocketChannel.open(Kind.address("unix:" + folder + "/front"))) {
        exchange(client);
      }
      front.says("has ended: 4 bytes to the channel, 12 bytes from it");
      front.signal("INT");
      assertThat(front.exitCode()).isEqualTo(ExitCodes.INTERRUPTED);
      back.signal("INT");
      assertThat(back.exitCode()).isEqualTo(ExitCodes.INTERRUPTED);
      assertThat(back.messages()).hasLineCount(1);
    }
  }

  @Test
  void interruptedInTheMiddleItResetsBothSides() throws Exception {
    try (Service service = service(Kind.TCP)) {
      Running back = machine.start("forward", "0", "t", service.operand());
      Running front = machine.start("forward", "tcp:0", "0", "t");
      try (SocketChannel client = SocketChannel.open(Kind.address(Forwards.place(front)))) {
        exchange(client);
        back.signal("INT");
        assertReset(client);
        assertThat(ends.take()).isEqualTo("reset");
        assertThat(back.exitCode()).isEqualTo(ExitCodes.INTERRUPTED);
      }
      front.says("died");
      assertThat(back.messages()).hasLineCount(1);
      terminate(front);
      machine.sweep();
    }
  }

  @Test
  void withOnceOneClientIsServedAndNobodyElse() throws Exception {
    try (Service service = service(Kind.UNIX)) {
      Running back = machine.start("forward", "--once", "0", "t", service.operand());
      Running front = machine.start("forward", "--once", "unix:front", "0", "t");
      Forwards.place(front);
      try (SocketChannel client = SocketChannel.open(Kind.address("unix:" + folder + "/front"))) {
        exchange(client);
        assertThat(folder.resolve("front")).doesNotExist();
        finish(client);
      }
      front.succeeds();
      back.succeeds();
    }
  }

  @Test
  void withOnceTheExitCodeTellsHowItWent() throws Exception {
    String nobody;
    try (ServerSocketChannel socket = Kind.UNIX.listen(folder, "service")) {
      nobody = Kind.operand(socket.getLocalAddress());
    }
    Running back = machine.start("forward", "--once", "0", "t", nobody);
    Running front = machine.start("forward", "--once", "-w", "60", "unix:front", "0", "t");
    Forwards.place(front);
    try (SocketChannel client = SocketChannel.open(Kind.address("unix:" + folder + "/front"))) {
      assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
    assertThat(back.exitCode()).isEqualTo(ExitCodes.FAILED);
    front.succeeds();
    Running lonely = machine.start("forward", "--once", "-w", "0.1", "unix:front", "1", "t");
    Forwards.place(lonely);
    try (SocketChannel client = SocketChannel.open(Kind.address("unix:" + folder + "/front"))) {
      assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
    assertThat(lonely.exitCode()).isEqualTo(ExitCodes.TIMEOUT);
  }
}
