// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.WaitPolicy;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Events;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.SeamAccess;
import dev.vchan.testkit.SeamHooks;
import dev.vchan.testkit.SeamPoint;
import dev.vchan.testkit.Trace;
import dev.vchan.testkit.TracingBackend;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What happens between two certain accesses to the shared page, in both roles. */
@ParameterizedClass
@EnumSource(Role.class)
class InterleavingTest {

  private static final String OWN_CALL = "own-call";
  private static final int WORD = 20;

  @Parameter Role role;

  private final InProcessHost host = new InProcessHost();
  private final Trace trace = new Trace();
  private final List<EventChannel> channels = new ArrayList<>();
  private Vchan own;
  private Vchan peer;
  private MemorySegment page;

  @BeforeEach
  void connect() throws IOException {
    TracingBackend server = new TracingBackend(tapped(host.domain(Ends.SERVER), channels), trace);
    Backend client = tapped(host.domain(Ends.CLIENT), channels);
    VchanOptions options =
        VchanOptions.DEFAULTS
            .withSizes(RingSizes.both(1024))
            .withWaitPolicy(WaitPolicy.sleepAtOnce());
    Ends ends = Ends.open(server, client, options, options);
    own = role == Role.SERVER ? ends.server() : ends.client();
    peer = role == Role.SERVER ? ends.client() : ends.server();
    page = server.pages().getFirst();
    // The request of the handshake is used up, so that what stands in the page is the test's doing.
    write(own, 1);
    write(peer, 1);
    read(own);
    read(peer);
  }

  @AfterEach
  void nothingIsLeftAndNoEventWasMissed() throws IOException {
    own.close();
    peer.close();
    assertThat(own.counters().endedByPeriod() + peer.counters().endedByPeriod()).isZero();
    assertThat(host.leftovers()).isEmpty();
  }

  private static void write(Vchan end, int bytes) throws IOException {
    end.write(ByteBuffer.allocate(bytes));
  }

  private static int read(Vchan end) throws IOException {
    return end.read(ByteBuffer.allocate(100));
  }

  /** A call of our side, on a thread that hooks can tell from others. */
  private static <T> Task<T> start(Callable<T> call) {
    return Watchdog.start(Thread.ofPlatform().daemon().name(OWN_CALL), call);
  }

  private static SeamPoint before(String method) {
    return SeamPoint.before(method).and(InterleavingTest::isOwnCall);
  }

  private static SeamPoint after(String method) {
    return SeamPoint.after(method).and(InterleavingTest::isOwnCall);
  }

  private static boolean isOwnCall(SeamAccess access) {
    return access.thread().getName().equals(OWN_CALL);
  }

  private int incomingProducer() {
    return role == Role.SERVER ? 4 : 12;
  }

  private int outgoingProducer() {
    return role == Role.SERVER ? 12 : 4;
  }

  @Case("T59")
  @Test
  void aReaderThatFindsNothingAsksOnceAndLooksAgain() throws Exception {
    SeamPoint looks = after("intAcquire").at(incomingProducer());
    SeamPoint asks = after("compareAndSetInt").at(WORD);
    SeamPoint fences = after("fullFence");
    SeamPoint parks = before("park");
    try (var first = trace.record(looks);
        var second = trace.record(asks);
        var third = trace.record(fences);
        var fourth = trace.record(parks)) {
      Task<Integer> reading = start(() -> read(own));
      Watchdog.until("parked", () -> fourth.hits() > 0);
      List<String> steps = trace.of(reading.thread());
      write(peer, 7);
      assertThat(reading.get()).isEqualTo(7);
      assertThat(second.hits()).isEqualTo(1);
      assertThat(third.hits() + first.hits()).isGreaterThan(3);
      // Looks, asks, orders the request before the second look, looks, and sleeps.
      String look = "intAcquire " + incomingProducer() + " ";
      assertThat(steps.get(0)).startsWith(look);
      assertThat(steps.get(1)).startsWith("compareAndSetInt 20");
      assertThat(steps.get(2)).startsWith("fullFence");
      assertThat(steps.get(3)).startsWith(look);
      assertThat(steps.get(4)).startsWith("park");
    }
  }

  @Case("T60")
  @Test
  void dataBetweenTheFirstLookAndTheRequestIsFoundByTheSecondLook() throws Exception {
    try (var hook =
        SeamHooks.on(after("intAcquire").at(incomingProducer()).nth(1), () -> write(peer, 7))) {
      assertThat(start(() -> read(own)).get()).isEqualTo(7);
      assertThat(hook.hits()).isEqualTo(1);
    }
    assertThat(own.counters().sleeps()).isZero();
    assertThat(peer.counters().eventsSent()).isEqualTo(1);
  }

  @Case("T61")
  @Test
  void dataBetweenTheSecondLookAndTheSleepWakes() throws Exception {
    try (var hook = SeamHooks.on(before("park").nth(1), () -> write(peer, 7))) {
      assertThat(start(() -> read(own)).get()).isEqualTo(7);
      assertThat(hook.hits()).isEqualTo(1);
    }
    assertThat(own.counters().sleeps()).isEqualTo(1);
  }

  @Case("T66")
  @Test
  void anEventBetweenTheSampleAndTheWaitLeavesNothingToWaitFor() throws Exception {
    try (var hook =
            SeamHooks.on(after("intAcquire").at(incomingProducer()).nth(2), () -> write(peer, 7));
        var parks = SeamHooks.on(before("park"), () -> {})) {
      assertThat(start(() -> read(own)).get()).isEqualTo(7);
      assertThat(hook.hits()).isEqualTo(1);
      assertThat(parks.hits()).isZero();
    }
  }

  @Case("T62")
  @Test
  void aRequestBetweenPublishingAndLookingForItIsAnswered() throws Exception {
    long before = own.counters().eventsSent();
    int request = role == Role.SERVER ? 0x0100_0000 : 0x0001_0000;
    try (var hook =
        SeamHooks.on(
            after("setIntRelease").at(outgoingProducer()).nth(1),
            () -> page.set(ValueLayout.JAVA_INT, WORD, word() | request))) {
      write(own, 1);
      assertThat(hook.hits()).isZero();
      start(() -> own.write(ByteBuffer.allocate(7))).get();
      assertThat(hook.hits()).isEqualTo(1);
    }
    assertThat(own.counters().eventsSent()).isEqualTo(before + 1);
    assertThat(word() & request).isZero();
  }

  private int word() {
    return page.get(ValueLayout.JAVA_INT, WORD);
  }

  @Case("T71")
  @Test
  void aPeerThatWritesAndClosesBetweenTwoLooksLosesNothing() throws Exception {
    for (int look = 1; look <= 2; look++) {
      if (look == 2) {
        reconnect();
      }
      try (var hook =
          SeamHooks.on(
              after("intAcquire").at(incomingProducer()).nth(look),
              () -> {
                write(peer, 7);
                peer.close();
              })) {
        assertThat(start(() -> read(own)).get()).isEqualTo(7);
        assertThat(hook.hits()).isEqualTo(1);
      }
      assertThat(read(own)).isEqualTo(-1);
    }
  }

  private void reconnect() throws IOException {
    own.close();
    peer.close();
    connect();
  }

  @Case("T45")
  @Test
  void aPacketMovesTheProducerIndexOnce() throws Exception {
    int capacity = own.outgoingCapacity();
    write(own, capacity - 10);
    peer.receive(ByteBuffer.allocate(capacity - 10), Deadline.NEVER);
    try (var hook = SeamHooks.on(before("setIntRelease").at(outgoingProducer()), () -> {})) {
      // Around the end of the ring: two copies, one index.
      start(() -> own.send(ByteBuffer.allocate(100), Deadline.NEVER)).get();
      assertThat(hook.hits()).isEqualTo(1);
    }
    assertThat(peer.dataReady()).isEqualTo(100);
  }

  @Case("T75")
  @Test
  void nothingIsAccessedAfterTheClose() throws Exception {
    own.close();
    try (var hook =
        SeamHooks.on(
            SeamPoint.before().and(InterleavingTest::isOwnCall).and(InterleavingTest::isMemory),
            () -> {})) {
      start(
              () -> {
                for (BlockingCall call : BlockingCall.values()) {
                  assertThatThrownBy(() -> call.unlimited().on(own))
                      .isInstanceOf(IOException.class);
                }
                assertThatThrownBy(own::dataReady).isInstanceOf(IOException.class);
                assertThatThrownBy(own::bufferSpace).isInstanceOf(IOException.class);
                assertThat(own.isOpen()).isFalse();
                own.state();
                own.close();
                return true;
              })
          .get();
      assertThat(hook.hits()).isZero();
      // The hook would have noticed.
      start(() -> peer.state()).get();
      assertThat(hook.hits()).isPositive();
    }
  }

  private static boolean isMemory(SeamAccess access) {
    return access.target() instanceof MemorySegment || access.target() instanceof ByteBuffer;
  }

  @Case("T76")
  @Test
  void theLiveByteIsClearedAfterTheLastIndexAndBeforeTheEvent() throws Exception {
    try (var indices = trace.record(after("setIntRelease").at(outgoingProducer()));
        // The live byte is cleared with the mark of those who know half-close, in one update.
        var words = trace.record(after("compareAndSetInt").at(WORD));
        var fence = trace.record(after("fullFence"))) {
      Task<Integer> reading = Watchdog.start("peer", () -> peer.read(ByteBuffer.allocate(100)));
      reading.untilAsleep();
      trace.clear();
      start(
              () -> {
                write(own, 7);
                own.close();
                return true;
              })
          .get();
      assertThat(indices.hits()).isEqualTo(1);
      assertThat(words.hits()).isPositive();
      assertThat(fence.hits()).isGreaterThan(1);
      List<String> steps = trace.all();
      int index = indexOf(steps, "setIntRelease " + outgoingProducer() + " ");
      int live = lastIndexOf(steps, "compareAndSetInt " + WORD + " ");
      assertThat(index).isBetween(0, live - 1);
      assertThat(steps.get(live + 1)).startsWith("fullFence");
      // The trace has the events of the server.
      if (role == Role.SERVER) {
        assertThat(steps.subList(live, steps.size()).indexOf("send")).isGreaterThan(1);
      }
      assertThat(reading.get()).isEqualTo(7);
    }
  }

  private static int lastIndexOf(List<String> steps, String beginning) {
    return steps.size() - 1 - indexOf(steps.reversed(), beginning);
  }

  private static int indexOf(List<String> steps, String beginning) {
    for (int i = 0; i < steps.size(); i++) {
      if (steps.get(i).startsWith(beginning)) {
        return i;
      }
    }
    return -1;
  }

  @Case("T64")
  @Test
  void spuriousEventsChangeNothing() throws Exception {
    int count = 100_000;
    Task<Integer> reading = start(() -> read(own));
    Watchdog.until("asleep", () -> own.counters().sleeps() == 1);
    EventChannel spurious = channels.get(role == Role.SERVER ? 1 : 0);
    for (int i = 0; i < count; i++) {
      spurious.send();
    }
    // They are newer than what the reader has seen, so it wakes, if only when it has a processor.
    Watchdog.until("asleep again", () -> own.counters().sleeps() > 1);
    assertThat(reading.outcome().isDone()).isFalse();
    write(peer, 7);
    assertThat(reading.get()).isEqualTo(7);
    assertThat(own.counters().eventsReceived()).isGreaterThan(count);
    // It slept again after an event, never without one.
    assertThat(own.counters().sleeps()).isBetween(2L, own.counters().eventsReceived() + 1);
  }

  /** A backend whose event channels can be had, to send events that nothing has happened for. */
  private static Backend tapped(Backend behind, List<EventChannel> channels) {
    Events events =
        new Events() {
          @Override
          public EventChannel listen(DomainId client) throws IOException {
            return kept(behind.events().listen(client));
          }

          @Override
          public EventChannel connect(DomainId server, EventPort port) throws IOException {
            return kept(behind.events().connect(server, port));
          }

          private EventChannel kept(EventChannel channel) {
            channels.add(channel);
            return channel;
          }
        };
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) ->
                method.getName().equals("events") ? events : method.invoke(behind, arguments));
  }
}
