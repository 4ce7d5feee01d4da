// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PeerDiedException;
import dev.vchan.PortName;
import dev.vchan.ProtocolViolationException;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.HostilePeer;
import dev.vchan.testkit.LeakCheck;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One session, with both its peers in the hands of the test. */
class SessionTest {

  private static final Duration LONG = Duration.ofSeconds(60);

  private final LeakCheck leaks = new LeakCheck();
  private final InProcessHost host = new InProcessHost();
  private ServerSocketChannel door;
  private SocketChannel client;
  private SocketChannel socket;

  /** The JDK keeps one socket for good as soon as there are any. */
  @BeforeAll
  static void haveThatSocket() throws IOException {
    SocketChannel.open().close();
  }

  @BeforeEach
  void connect() throws IOException {
    door =
        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    client = SocketChannel.open();
    // Little room, so that what is not read stays with the session's end.
    client.setOption(StandardSocketOptions.SO_RCVBUF, 4096);
    client.connect(door.getLocalAddress());
    socket = door.accept();
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    client.close();
    door.close();
    leaks.assertNothingLeft(host);
  }

  /** Runs a session in a thread of its own; its input has another. */
  private static Task<Void> run(Session session) {
    return Watchdog.start(
        "session",
        () -> {
          session.run();
          return null;
        });
  }

  private static Thread inputOf(Task<Void> session) {
    String name = session.thread().getName() + "-input";
    Watchdog.until("reading its input", () -> find(name) != null);
    return find(name);
  }

  private static Thread find(String name) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals(name))
        .findAny()
        .orElse(null);
  }

  private static void writeAll(SocketChannel target, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      target.write(bytes);
    }
  }

  /** Reads to the end, which must come after exactly so many bytes. */
  private void assertRest(long seed, int size) throws Exception {
    assertRest(seed, size, 0);
  }

  private void assertRest(long seed, int size, int pauseMillis) throws Exception {
    Patterns pattern = new Patterns(seed);
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    while (client.read(buffer.clear()) >= 0) {
      pattern.check(buffer.flip());
      Thread.sleep(pauseMillis);
    }
    assertThat(pattern.position()).isEqualTo(size);
  }

  private void assertReset() {
    assertThatThrownBy(() -> client.read(ByteBuffer.allocate(1)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("reset");
  }

  @Test
  void aPeerWithoutHalfCloseSeesTheCloseOnlyWhenItHasReadEverything() throws Exception {
    try (Ends ends = Ends.open(host, VchanOptions.DEFAULTS.classic())) {
      Task<Void> session = run(new Session(socket, ends.client(), Duration.ZERO));
      Thread input = inputOf(session);
      writeAll(client, new Patterns(1).next(10_000));
      client.shutdownOutput();
      Watchdog.until("written", () -> ready(ends.server()) == 10_000);
      Watchdog.untilAsleep(input);
      assertThat(ends.server().state()).isEqualTo(VchanState.CONNECTED);
      ByteBuffer got = ByteBuffer.allocate(10_000);
      ends.server().receive(got, Ends.soon());
      new Patterns(1).check(got.flip());
      assertThat(ends.server().read(ByteBuffer.allocate(1), Ends.soon())).isEqualTo(-1);
      assertRest(1, 0);
      session.get();
    }
  }

  private static int ready(Vchan channel) {
    try {
      return channel.dataReady();
    } catch (IOException e) {
      return -1;
    }
  }

  @Test
  void aPeerWithoutHalfCloseMayAnswerTheEndIfItIsGivenTime() throws Exception {
    try (Ends ends = Ends.open(host, VchanOptions.DEFAULTS.classic())) {
      Task<Void> session = run(new Session(socket, ends.client(), LONG));
      writeAll(client, new Patterns(1).next(1000));
      client.shutdownOutput();
      ByteBuffer question = ByteBuffer.allocate(1000);
      ends.server().receive(question, Ends.soon());
      ends.server().write(new Patterns(2).next(100_000), Ends.soon());
      ends.server().close();
      assertRest(2, 100_000);
      session.get();
    }
  }

  @Test
  void theWholeAnswerArrivesAlthoughTheClientGoesOnAsking() throws Exception {
    int size = 1 << 20;
    AtomicBoolean answered = new AtomicBoolean();
    try (Ends ends = Ends.open(host, VchanOptions.DEFAULTS)) {
      Session joined = new Session(socket, ends.client(), Duration.ZERO);
      Task<Void> session = run(joined);
      Task<Void> answering =
          Watchdog.start(
              "answer",
              () -> {
                ends.server().write(new Patterns(3).next(size));
                ends.server().close();
                return null;
              });
      Task<Void> asking =
          Watchdog.start(
              "ask",
              () -> {
                while (!answered.get()) {
                  writeAll(client, ByteBuffer.allocate(10_000));
                }
                client.shutdownOutput();
                return null;
              });
      assertRest(3, size, 5);
      answered.set(true);
      answering.get();
      asking.get();
      session.outcome().handle((done, failure) -> done).join();
      assertThat(joined.figures()).contains("bytes that nobody took");
    }
  }

  @Test
  void theDeathOfThePeerResetsTheClientBehindWhatWasSaid() throws Exception {
    try (Ends ends = Ends.open(host, VchanOptions.DEFAULTS)) {
      Task<Void> session = run(new Session(socket, ends.client(), Duration.ZERO));
      ends.server().write(new Patterns(4).next(1000));
      ByteBuffer got = ByteBuffer.allocate(1000);
      while (got.hasRemaining()) {
        client.read(got);
      }
      host.kill(Ends.SERVER);
      assertReset();
      assertThat(session.failure()).isInstanceOf(PeerDiedException.class);
    }
  }

  @Test
  void theDeathOfAPeerThatHadEndedItsOutputIsNoticedToo() throws Exception {
    try (Ends ends = Ends.open(host, VchanOptions.DEFAULTS)) {
      Task<Void> session = run(new Session(socket, ends.client(), Duration.ZERO));
      ends.server().shutdownOutput();
      assertRest(0, 0);
      host.kill(Ends.SERVER);
      assertThat(session.failure()).isInstanceOf(PeerDiedException.class);
      assertThatThrownBy(() -> writeUntilItFails(client)).isInstanceOf(IOException.class);
    }
  }

  private static void writeUntilItFails(SocketChannel target) throws IOException {
    for (int i = 0; i < 1_000_000; i++) {
      target.write(ByteBuffer.allocate(100));
    }
  }

  @Test
  void aPeerThatBreaksTheProtocolResetsTheClient() throws Exception {
    RendezvousPath path = RendezvousPath.of(Ends.SERVER, Ends.CLIENT, Ends.PORT);
    try (HostilePeer peer =
        HostilePeer.server(host.domain(Ends.SERVER), Ends.CLIENT, path, 12, 12).publish()) {
      Vchan channel =
          Vchan.connect(
              host.domain(Ends.CLIENT), Ends.SERVER, Ends.PORT, VchanOptions.DEFAULTS, Ends.soon());
      Task<Void> session = run(new Session(socket, channel, Duration.ZERO));
      peer.page().store32(peer.ownProd(), 5000);
      peer.event();
      assertReset();
      assertThat(session.failure()).isInstanceOf(ProtocolViolationException.class);
    }
  }

  @Test
  void aResetOfTheClientClosesTheChannelBehindWhatItHadSaid() throws Exception {
    try (Ends ends = Ends.open(host, VchanOptions.DEFAULTS)) {
      Task<Void> session = run(new Session(socket, ends.client(), Duration.ZERO));
      writeAll(client, new Patterns(5).next(1000));
      Watchdog.until("written", () -> ready(ends.server()) == 1000);
      client.setOption(StandardSocketOptions.SO_LINGER, 0);
      client.close();
      assertThat(session.failure()).isInstanceOf(SocketFailure.class);
      ByteBuffer got = ByteBuffer.allocate(2000);
      assertThat(ends.server().read(got, Ends.soon())).isEqualTo(1000);
      new Patterns(5).check(got.flip());
      assertThat(ends.server().read(got.clear(), Ends.soon())).isEqualTo(-1);
      assertThat(ends.server().state()).isEqualTo(VchanState.PEER_CLOSED);
    }
  }

  @Test
  void cutInTheMiddleItLeavesTheChannelToTheProcess() throws Exception {
    try (Ends ends = Ends.open(host, VchanOptions.DEFAULTS)) {
      Session session = new Session(socket, ends.client(), Duration.ZERO);
      Task<Void> running = run(session);
      writeAll(client, ByteBuffer.allocate(1));
      assertThat(ends.server().read(ByteBuffer.allocate(1), Ends.soon())).isEqualTo(1);
      session.cut();
      assertReset();
      assertThat(ends.server().state()).isEqualTo(VchanState.CONNECTED);
      host.kill(Ends.CLIENT);
      assertThatThrownBy(() -> ends.server().read(ByteBuffer.allocate(1), Ends.soon()))
          .isInstanceOf(PeerDiedException.class);
      ends.client().close();
      running.get();
    }
  }

  /** Keeps what is said. */
  private static final class Ear implements Reporter {

    private final StringBuffer said = new StringBuffer();

    @Override
    public void say(String line) {
      said.append(line).append('\n');
    }

    @Override
    public void detail(String line) {
      say(line);
    }

    @Override
    public String describe(Throwable failure) {
      return failure.toString();
    }
  }

  @Test
  void whenPagesLackTheClientsThatAreServedGoOnAndTheNextIsServedWhenOneHasGone() throws Exception {
    socket.close();
    PortName port = new PortName("pages");
    VchanOptions small = VchanOptions.DEFAULTS.withSizes(RingSizes.both(0));
    Ear ear = new Ear();
    host.limitPages(2);
    VchanListener listener =
        VchanListener.open(host.domain(DomainId.DOM0), Ends.CLIENT, port, small);
    SocketName target =
        SocketName.parse("tcp:" + ((InetSocketAddress) door.getLocalAddress()).getPort());
    Forwarder forwarder =
        new Forwarder(new ChannelEntrance(listener, target, LONG, Duration.ZERO, ear), ear);
    Task<Void> serving =
        Watchdog.start(
            "forwarder",
            () -> {
              forwarder.serveAll();
              return null;
            });
    try (Vchan first = connect(port, Ends.soon());
        SocketChannel firstService = door.accept();
        Vchan second = connect(port, Ends.soon());
        SocketChannel secondService = door.accept()) {
      Watchdog.until(
          "told", () -> ear.said.indexOf("no further client can be served for now") >= 0);
      Task<Vchan> third = Watchdog.start("third", () -> connect(port, Ends.soon()));
      say(first, firstService);
      say(second, secondService);
      assertThat(third.outcome()).isNotDone();
      first.close();
      assertThat(firstService.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      firstService.close();
      try (Vchan served = third.get();
          SocketChannel service = door.accept()) {
        say(served, service);
        say(second, secondService);
      }
    }
    Watchdog.until("free", () -> !forwarder.isBusy());
    forwarder.cut();
    assertThat(serving.failure()).isInstanceOf(IOException.class);
  }

  private Vchan connect(PortName port, Deadline deadline) throws IOException {
    return Vchan.connect(
        host.domain(Ends.CLIENT), DomainId.DOM0, port, VchanOptions.DEFAULTS, deadline);
  }

  private static void say(Vchan from, SocketChannel to) throws IOException {
    from.write(ByteBuffer.wrap(new byte[] {1}), Ends.soon());
    assertThat(to.read(ByteBuffer.allocate(10))).isEqualTo(1);
  }
}
