// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static dev.vchan.testkit.Ends.soon;
import static dev.vchan.testkit.InterfacePage.CLI_LIVE;
import static dev.vchan.testkit.InterfacePage.LEFT_ORDER;
import static dev.vchan.testkit.InterfacePage.RIGHT_PROD;
import static dev.vchan.testkit.InterfacePage.SRV_LIVE;
import static dev.vchan.testkit.InterfacePage.SRV_NOTIFY;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.VchanTimeoutException;
import dev.vchan.WaitPolicy;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Rendezvous.Registration;
import dev.vchan.spi.Rendezvous.Watch;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How channels come to be on every backend: who waits for whom, who is refused, what is left. */
@SuppressWarnings("try") // Closing at a moment of its choice is what many a test is about.
public abstract class HandshakeContract extends BackendContract {

  private static final PortName PORT = new PortName("handshake");
  private static final RendezvousPath PATH = RendezvousPath.of(SERVER, CLIENT, PORT);
  private static final VchanOptions DEFAULTS = VchanOptions.DEFAULTS;
  private static final Deadline NOW = Deadline.after(Duration.ZERO);

  /** Made by the subclass. */
  protected HandshakeContract() {}

  private VchanListener open(VchanOptions options) throws IOException {
    return VchanListener.open(server, CLIENT, PORT, options);
  }

  private Vchan connect(Deadline deadline) throws IOException {
    return Vchan.connect(client, SERVER, PORT, DEFAULTS, deadline);
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @Test
  @Case("T01")
  void aFreshPageHoldsZeroIndicesTheOrdersAndTheLiveAndNotifyBytes() throws Exception {
    TracingBackend traced = new TracingBackend(server, new Trace());
    VchanOptions sizes = DEFAULTS.withSizes(new RingSizes(8192, 100));
    byte[] indices = new byte[16];
    for (VchanOptions options : new VchanOptions[] {sizes.classic(), sizes}) {
      try (VchanListener listener = VchanListener.open(traced, CLIENT, PORT, options)) {
        MemorySegment page = traced.pages().get(traced.pages().size() - 2);
        assertThat(page.asSlice(0, 16).toArray(JAVA_BYTE)).isEqualTo(indices);
        assertThat(page.asSlice(16, 4).toArray(JAVA_BYTE)).isEqualTo(bytes(13, 0, 11, 0));
        int notify = options.halfClose() ? 0x81 : 0x01;
        assertThat(page.asSlice(20, 4).toArray(JAVA_BYTE)).isEqualTo(bytes(2, 1, notify, 0));
        // Two grants, and then nothing up to the ring.
        assertThat(page.asSlice(32, 2016).toArray(JAVA_BYTE)).containsOnly(0);
      }
    }
  }

  @Test
  @Case("T04")
  void acceptReturnsOnceTheClientIsInThePage() throws Exception {
    try (VchanListener listener = open(DEFAULTS)) {
      var accepting = Watchdog.start("accept", () -> listener.accept(soon()));
      accepting.untilAsleep();
      try (HostilePeer late = join()) {
        late.page().store8(SRV_NOTIFY, 1);
        assertThat(accepting.outcome()).isNotDone();
        late.page().store8(CLI_LIVE, 1);
        late.events().send();
        try (Vchan accepted = accepting.get()) {
          assertThat(accepted.state()).isEqualTo(VchanState.CONNECTED);
          assertThat(accepted.peer()).isEqualTo(CLIENT);
        }
      }
    }
    try (Ends ends = Ends.open(server, client, DEFAULTS, DEFAULTS)) {
      assertThat(ends.server().state()).isEqualTo(VchanState.CONNECTED);
      assertThat(ends.client().state()).isEqualTo(VchanState.CONNECTED);
    }
  }

  private HostilePeer join() throws IOException {
    return HostilePeer.client(client, SERVER, PATH).lookUp(soon()).bind().map();
  }

  private Advertisement advertised() throws IOException {
    try (Watch watch = client.rendezvous().watch(PATH, SERVER)) {
      return watch.look().orElseThrow();
    }
  }

  @Test
  @Case("T05")
  void aClientThatComesFirstWaitsForItsServer() throws Exception {
    var connecting = Watchdog.start("connect", () -> connect(soon()));
    connecting.untilAsleep();
    assertThat(connecting.outcome()).isNotDone();
    try (VchanListener listener = open(DEFAULTS);
        Vchan accepted = listener.accept(soon());
        Vchan connected = connecting.get()) {
      assertThat(connected.state()).isEqualTo(VchanState.CONNECTED);
    }
  }

  @Test
  @Case("T06")
  void aClientThatCameAndWentIsAcceptedAndItsBytesAreRead() throws Exception {
    for (int length : new int[] {0, 5}) {
      try (VchanListener listener = open(DEFAULTS)) {
        Vchan connected = connect(soon());
        connected.write(new Patterns(1).next(length));
        connected.close();
        try (Vchan accepted = listener.accept(soon())) {
          ByteBuffer got = ByteBuffer.allocate(100);
          while (accepted.read(got, soon()) >= 0) {}
          assertThat(got.position()).isEqualTo(length);
          new Patterns(1).check(got.flip());
        }
      }
    }
  }

  @Test
  @Case("T07")
  void aServerThatClosesBeforeAnyClientCameLeavesNothing() throws Exception {
    open(DEFAULTS).close();
    assertNothingAdvertised();
    // What is left besides is looked for after each test.
  }

  @Test
  void aClientThatNobodyHasAcceptedSeesTheListenerClose() throws Exception {
    try (VchanListener listener = open(DEFAULTS);
        Vchan joined = Vchan.connect(client, SERVER, PORT, Ends.UNAIDED, soon())) {
      var reading = Watchdog.start("read", () -> joined.read(ByteBuffer.allocate(1)));
      reading.untilAsleep();
      listener.close();
      assertThat(reading.get()).isEqualTo(-1);
      assertThat(joined.state()).isEqualTo(VchanState.PEER_CLOSED);
    }
  }

  private void assertNothingAdvertised() throws IOException {
    try (Watch watch = client.rendezvous().watch(PATH, SERVER)) {
      assertThat(watch.look()).isEmpty();
    }
    server.rendezvous().register(PATH, CLIENT).close();
  }

  @Test
  @Case("T08")
  void acceptEndsByItsDeadlineAndTheListenerListensOn() throws Exception {
    try (VchanListener listener = open(DEFAULTS)) {
      assertThatThrownBy(() -> listener.accept(Deadline.after(Duration.ofMillis(20))))
          .isInstanceOf(VchanTimeoutException.class)
          .hasMessageContaining(PATH.value());
      try (Vchan connected = connect(soon());
          Vchan accepted = listener.accept(soon())) {
        assertThat(accepted.isOpen()).isTrue();
      }
    }
    assertThatThrownBy(() -> Vchan.listen(server, CLIENT, PORT, DEFAULTS, NOW))
        .isInstanceOf(VchanTimeoutException.class);
    assertNothingAdvertised();
  }

  @Test
  @Case("T08")
  void acceptEndsByTheListenersClose() throws Exception {
    VchanListener listener = open(DEFAULTS);
    var accepting = Watchdog.start("accept", () -> listener.accept(Deadline.NEVER));
    accepting.untilAsleep();
    listener.close();
    assertThat(accepting.failure()).isInstanceOf(AsynchronousCloseException.class);
    assertThatThrownBy(() -> listener.accept(soon())).isInstanceOf(ClosedChannelException.class);
    assertNothingAdvertised();
  }

  @Test
  @Case("T08")
  void acceptEndsByAnInterruptWhichClosesTheListener() throws Exception {
    VchanListener listener = open(DEFAULTS);
    var accepting = Watchdog.start("accept", () -> listener.accept(Deadline.NEVER));
    accepting.untilAsleep();
    accepting.thread().interrupt();
    assertThat(accepting.failure()).isInstanceOf(ClosedByInterruptException.class);
    assertThat(listener.isOpen()).isFalse();
    var listening =
        Watchdog.start(
            "listen", () -> Vchan.listen(server, CLIENT, PORT, DEFAULTS, Deadline.NEVER));
    listening.untilAsleep();
    listening.thread().interrupt();
    assertThat(listening.failure()).isInstanceOf(ClosedByInterruptException.class);
    assertNothingAdvertised();
  }

  @Test
  @Case("T09")
  void connectEndsByItsDeadlineOrAnInterrupt() {
    assertThatThrownBy(() -> connect(NOW)).isInstanceOf(VchanTimeoutException.class);
    assertThatThrownBy(() -> connect(Deadline.after(Duration.ofMillis(20))))
        .isInstanceOf(VchanTimeoutException.class)
        .hasMessageContaining(PATH.value());
    var connecting = Watchdog.start("connect", () -> connect(Deadline.NEVER));
    connecting.untilAsleep();
    connecting.thread().interrupt();
    assertThat(connecting.failure()).isInstanceOf(ClosedByInterruptException.class);
  }

  @Test
  @Case("T10")
  void staleAdvertisementsAreWaitedOutUntilARealServerComes() throws Exception {
    try (HostilePeer dead = HostilePeer.server(server, CLIENT, PATH, 12, 12);
        HostilePeer zero = HostilePeer.server(server, CLIENT, PATH, 10, 11);
        HostilePeer bad = HostilePeer.server(server, CLIENT, PATH, 10, 11)) {
      dead.page().store8(SRV_LIVE, 0);
      zero.page().memory().asSlice(0, 24).fill((byte) 0);
      bad.page().store32(LEFT_ORDER, 9 | (9 << 16));
      for (HostilePeer stale : new HostilePeer[] {dead, zero, bad}) {
        try (Registration held = server.rendezvous().register(PATH, CLIENT)) {
          held.publish(stale.advertisement());
          assertThatThrownBy(() -> connect(NOW))
              .isInstanceOf(VchanTimeoutException.class)
              .hasMessageContaining("the advertised page");
        }
      }
      Registration held = server.rendezvous().register(PATH, CLIENT);
      held.publish(dead.advertisement());
      var connecting = Watchdog.start("connect", () -> connect(soon()));
      connecting.untilAsleep();
      held.close();
      try (VchanListener real = open(DEFAULTS);
          Vchan connected = connecting.get();
          Vchan accepted = real.accept(soon())) {
        assertThat(connected.state()).isEqualTo(VchanState.CONNECTED);
        assertThat(dead.page().load8(CLI_LIVE)).isNotEqualTo(1);
      }
    }
  }

  @Test
  @Case("T11")
  void aSecondClientIsRefusedAndTheFirstNoticesNothing() throws Exception {
    try (VchanListener listener = open(DEFAULTS);
        Vchan first = connect(soon())) {
      Advertisement taken = advertised();
      assertThatThrownBy(() -> connect(NOW))
          .isInstanceOf(VchanTimeoutException.class)
          .hasMessageContaining("port " + taken.eventChannel());
      try (Vchan accepted = listener.accept(soon())) {
        assertThatThrownBy(() -> client.events().connect(SERVER, taken.eventChannel()))
            .isInstanceOf(StaleAdvertisementException.class);
        assertThatThrownBy(() -> connect(NOW)).isInstanceOf(VchanTimeoutException.class);
        first.write(new Patterns(1).next(100));
        accepted.write(new Patterns(2).next(100));
        receive(accepted, new Patterns(1), 100);
        receive(first, new Patterns(2), 100);
      }
    }
  }

  private static void receive(Vchan from, Patterns expected, int bytes) throws IOException {
    ByteBuffer got = ByteBuffer.allocate(bytes);
    assertThat(from.receive(got, soon())).isEqualTo(bytes);
    expected.check(got.flip());
  }

  @Test
  @Case("T12")
  void whatAServerWroteBeforeTheClientCameIsReadAtOnce() throws Exception {
    for (WaitPolicy policy : new WaitPolicy[] {WaitPolicy.sleepAtOnce(), WaitPolicy.adaptive()}) {
      try (HostilePeer early = HostilePeer.server(server, CLIENT, PATH, 11, 12)) {
        early
            .ringIntoVictim()
            .asSlice(0, 5)
            .copyFrom(MemorySegment.ofBuffer(new Patterns(1).next(5)));
        early.page().store32(RIGHT_PROD, 5);
        early.publish();
        VchanOptions options = DEFAULTS.withWaitPolicy(policy);
        try (Vchan connected = Vchan.connect(client, SERVER, PORT, options, soon())) {
          receive(connected, new Patterns(1), 5);
          assertThat(connected.counters().sleeps()).isZero();
        }
      }
    }
  }

  @Test
  @Case("T13")
  void theEventPendingAfterABindCostsOneLookAtMost() throws Exception {
    VchanOptions options = DEFAULTS.withWaitPolicy(WaitPolicy.sleepAtOnce());
    try (Ends ends = Ends.open(server, client, options, options)) {
      Deadline deadline = Deadline.after(Duration.ofMillis(100));
      assertThatThrownBy(() -> ends.client().read(ByteBuffer.allocate(1), deadline))
          .isInstanceOf(VchanTimeoutException.class);
      // The sleep that the deadline ends, and perhaps one that the pending event ended.
      assertThat(ends.client().counters().sleeps()).isBetween(1L, 2L);
    }
  }

  @Test
  @Case("T14")
  void theAdvertisementNamesThePageAndThePortAtTheConventionalPath() throws Exception {
    TracingBackend traced = new TracingBackend(server, new Trace());
    try (VchanListener listener = VchanListener.open(traced, CLIENT, PORT, DEFAULTS)) {
      assertThat(listener.path().value()).isEqualTo("/local/domain/5/data/vchan/6/handshake");
      Advertisement found = advertised();
      assertThat(found).isEqualTo(traced.published());
      try (HostilePeer peer =
          HostilePeer.client(client, SERVER, PATH).lookUp(soon()).bind().map()) {
        traced.pages().getFirst().set(JAVA_BYTE, 4000, (byte) 42);
        assertThat(peer.page().load8(4000)).isEqualTo(42);
      }
      assertThat(Advertisement.parse(found.ringRef().toString(), found.eventChannel().toString()))
          .contains(found);
    }
  }

  @Test
  @Case("T16")
  void whatIsMissingOrNotPublishedMeansNotYet() throws Exception {
    assertThatThrownBy(() -> connect(NOW)).hasMessageContaining("nothing is advertised");
    try (Registration held = server.rendezvous().register(PATH, CLIENT)) {
      assertThatThrownBy(() -> connect(NOW)).hasMessageContaining("nothing is advertised");
      var connecting = Watchdog.start("connect", () -> connect(soon()));
      connecting.untilAsleep();
      try (HostilePeer server = HostilePeer.server(this.server, CLIENT, PATH, 12, 12)) {
        held.publish(server.advertisement());
        connecting.get().close();
      }
    }
  }

  @Test
  @Case("T17")
  void portNamesWithinTheRulesConnect() throws Exception {
    for (String name : new String[] {"a", "A-Z_9", "nineteen-characters", "0", "-", "_"}) {
      PortName port = new PortName(name);
      try (VchanListener listener = VchanListener.open(server, CLIENT, port, DEFAULTS);
          Vchan connected = Vchan.connect(client, SERVER, port, DEFAULTS, soon());
          Vchan accepted = listener.accept(soon())) {
        assertThat(accepted.path().value()).endsWith("/" + name);
      }
    }
  }

  @Test
  @Case("T17")
  void portNamesOutsideTheRulesAreRefusedBeforeAnythingIsTaken() {
    for (String name : new String[] {"", "a/b", "a.b", "a b", "ä", "a\n", "@"}) {
      assertThatThrownBy(() -> new PortName(name)).isInstanceOf(IllegalArgumentException.class);
    }
    Trace trace = new Trace();
    TracingBackend traced = new TracingBackend(server, trace);
    PortName tooLong = new PortName("x".repeat(21));
    assertThatThrownBy(() -> VchanListener.open(traced, CLIENT, tooLong, DEFAULTS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("leaves 20 for the name");
    assertThatThrownBy(() -> Vchan.connect(traced, CLIENT, tooLong, DEFAULTS, NOW))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(trace.all()).isEmpty();
  }

  /**
   * Whether both ends of a channel may be in one domain; the backend on Xen refuses that.
   *
   * @return true, unless overridden
   */
  protected boolean joinsADomainWithItself() {
    return true;
  }

  @Test
  @Case("T18")
  void aDomainConnectsToItselfAndNumbersOutOfRangeAreRefused() throws Exception {
    for (int number : new int[] {-1, 0x7FF0, 65536, Integer.MIN_VALUE}) {
      assertThatThrownBy(() -> new DomainId(number)).isInstanceOf(IllegalArgumentException.class);
    }
    if (!joinsADomainWithItself()) {
      assertThatThrownBy(() -> Ends.open(server, server, DEFAULTS, DEFAULTS))
          .isInstanceOf(SystemRefusedException.class)
          .hasMessageContaining("domain " + SERVER);
      return;
    }
    try (Ends ends = Ends.open(server, server, DEFAULTS, DEFAULTS)) {
      ends.server().write(new Patterns(1).next(100));
      receive(ends.client(), new Patterns(1), 100);
      assertThat(Optional.of(ends.client().peer())).contains(SERVER);
    }
  }
}
