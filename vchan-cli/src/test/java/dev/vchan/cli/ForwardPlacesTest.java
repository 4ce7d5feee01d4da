// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.vchan.cli.Machine.Running;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where forwards listen and connect, and whose words name it. */
@Timeout(300)
class ForwardPlacesTest {

  private static final String PATH = "/local/domain/0/data/vchan/0/proxy";

  @TempDir private Path folder;
  private Machine machine;

  @BeforeEach
  void open() {
    machine = new Machine(folder);
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    machine.close();
  }

  private SocketAddress file(String name) {
    return UnixDomainSocketAddress.of(folder.resolve(name));
  }

  private static void terminate(Running... forwards) throws Exception {
    for (Running forward : forwards) {
      forward.process().destroy();
      assertThat(forward.exitCode()).describedAs(forward.messages()).isEqualTo(143);
    }
  }

  private void echo(SocketAddress address) throws Exception {
    try (SocketChannel client = SocketChannel.open(address)) {
      Forwards.echo(client, 1, 100_000);
    }
  }

  @Test
  void aStaleSocketFileIsReplacedAndNothingElse() throws Exception {
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(file("front"));
    }
    Running first = machine.start("forward", "unix:front", "1", "t");
    Forwards.place(first);
    Running second = machine.start("forward", "unix:front", "1", "t");
    assertThat(second.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(second.messages())
        .contains("cannot listen at unix:front: somebody listens there")
        .hasLineCount(1);
    SocketChannel.open(file("front")).close();
    terminate(first);
    assertThat(folder.resolve("front")).doesNotExist();

    Files.writeString(folder.resolve("front"), "mine");
    Running third = machine.start("forward", "unix:front", "1", "t");
    assertThat(third.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(third.messages()).contains("something else than a socket is there");
    assertThat(folder.resolve("front")).hasContent("mine");
    try (var files = Files.list(folder)) {
      assertThat(files.filter(file -> file.toString().contains("stale"))).isEmpty();
    }
  }

  @Test
  void aSocketThatTookThePlaceOfOursIsLeftThere() throws Exception {
    Running forward = machine.start("forward", "unix:front", "1", "t");
    Forwards.place(forward);
    Files.delete(folder.resolve("front"));
    try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      other.bind(file("front"));
      terminate(forward);
      SocketChannel.open(file("front")).close();
    }
  }

  @Test
  void aTcpPortIsOpenOnTheLoopbackInterfaceAlone() throws Exception {
    Running forward = machine.start("forward", "tcp:0", "1", "t");
    String place = Forwards.place(forward);
    assertThat(place).matches("tcp:127\\.0\\.0\\.1:[1-9][0-9]*");
    int port = ((InetSocketAddress) Kind.address(place)).getPort();
    assertThatThrownBy(() -> SocketChannel.open(new InetSocketAddress("127.0.0.2", port)))
        .isInstanceOf(ConnectException.class);
    Running second = machine.start("forward", place, "1", "t");
    assertThat(second.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(second.messages())
        .contains("cannot listen at " + place + ": Address already in use")
        .hasLineCount(1);
    terminate(forward);
  }

  @Test
  void allInterfacesIfToldSoAndIpv6() throws Exception {
    Running everywhere = machine.start("forward", "tcp:*:0", "1", "t");
    String place = Forwards.place(everywhere);
    int port = Integer.parseInt(place.substring(place.lastIndexOf(':') + 1));
    SocketChannel.open(new InetSocketAddress("127.0.0.2", port)).close();
    terminate(everywhere);

    try (ServerSocketChannel probe = ServerSocketChannel.open()) {
      boolean ipv6 = true;
      try {
        probe.bind(new InetSocketAddress("::1", 0));
      } catch (IOException e) {
        ipv6 = false;
      }
      assumeThat(ipv6).describedAs("the machine has IPv6").isTrue();
    }
    Running sixth = machine.start("forward", "[::1]:0", "1", "t");
    SocketChannel.open(Kind.address(Forwards.place(sixth))).close();
    terminate(sixth);
  }

  @Test
  void aHostThatDoesNotExistIsSaid() throws Exception {
    Running forward = machine.start("forward", "tcp:no.such.host.invalid:1", "1", "t");
    assertThat(forward.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(forward.messages())
        .isEqualToIgnoringNewLines(
            "vchan: cannot listen at tcp:no.such.host.invalid:1: no such host");
  }

  @Test
  void theWordsOfVchanSocketProxyAreUnderstood() throws Exception {
    try (Service service = new Service(Kind.UNIX.listen(folder, "service"), Service::echo)) {
      Running back =
          machine.start(
              "forward",
              "--state-path=/state",
              "-mserver",
              "0",
              PATH,
              folder.resolve("service").toString());
      Running front = machine.start("forward", "0", PATH, folder.resolve("front").toString());
      back.says("listening at " + PATH + " for domain 0, forwarding to unix:");
      back.says("there is no XenStore here: nothing is written to /state");
      Forwards.place(front);
      echo(file("front"));
      echo(file("front"));
      Path in = machine.random("in", 100_000);
      Running connected = machine.startReading(in, "forward", "-v", "0", PATH, "-");
      connected.succeeds();
      byte[] echoed = Files.readAllBytes(connected.output());
      assertThat(List.of(echoed.length)).containsExactly(100_000 + Long.BYTES);
      terminate(front, back);
    }
  }

  @Test
  void theProxysStandardStreamsAreThoseOfListen() throws Exception {
    Path in = machine.random("in", 100_000);
    Running server = machine.start("forward", "--mode=server", "0", PATH, "-");
    server.says("listening at " + PATH);
    machine.startReading(in, "connect", "0", PATH).succeeds();
    server.succeeds();
    Machine.assertSame(in, server.output());
  }

  /** Starts a command that has a listening or connected socket for standard input. */
  private static final String PASS =
      """
      use Socket;
      my ($how, $path, @command) = @ARGV;
      socket(S, PF_UNIX, SOCK_STREAM, 0) or die;
      if ($how eq 'listen') { bind(S, sockaddr_un($path)) or die; listen(S, 5) or die; }
      else { connect(S, sockaddr_un($path)) or die; }
      open(STDIN, '<&S') or die;
      exec @command;
      """;

  @Test
  void socketsThatAProcessWasStartedWithAreTakenOver() throws Exception {
    assumeThat(Files.isExecutable(Path.of("/usr/bin/perl"))).describedAs("perl is there").isTrue();
    try (Service service = new Service(Kind.UNIX.listen(folder, "service"), Service::echo)) {
      Running back = startWith("connect", "service", "forward", "-m", "server", "0", PATH, "0");
      back.says("listening at");
      Running front = startWith("listen", "front", "forward", "-v", "fd:0", "0", PATH);
      Forwards.place(front);
      echo(file("front"));
      back.succeeds();
      front.says("has ended");
      terminate(front);
      Files.delete(folder.resolve("front"));
    }
    Running neither = machine.start("forward", "fd:0", "0", PATH);
    assertThat(neither.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(neither.messages()).contains("cannot listen at fd:0: it is not a socket");
    Running other = machine.start("forward", "0", PATH, "7");
    assertThat(other.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(other.messages()).contains("cannot listen at fd:7");
  }

  private Running startWith(String how, String socket, String... arguments) throws Exception {
    List<String> through = List.of("perl", "-e", PASS, how, folder.resolve(socket).toString());
    return machine.startThrough(through, arguments);
  }
}
