// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.DomainId;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventChannel.Peer;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** What event channels do on every backend. */
@SuppressWarnings("try") // Closing at a moment of its choice is what many a test is about.
public abstract class EventsContract extends BackendContract {

  /** Made by the subclass. */
  protected EventsContract() {}

  @Test
  void anEventSentBeforeAnybodyIsBoundIsDroppedWithoutAnError() throws Exception {
    try (EventChannel listening = server.events().listen(CLIENT)) {
      assertThat(listening.peer()).isEqualTo(Peer.UNBOUND);
      listening.send();
      try (EventChannel bound = client.events().connect(SERVER, listening.port())) {
        quiet(bound);
      }
    }
  }

  @Test
  void aFreshEndHasOneEventPendingAndItsPeerIsBound() throws Exception {
    try (EventChannel listening = server.events().listen(CLIENT);
        EventChannel bound = client.events().connect(SERVER, listening.port())) {
      assertThat(bound.await(0, LONG_NANOS)).isTrue();
      assertThat(bound.peer()).isEqualTo(Peer.BOUND);
      assertThat(listening.peer()).isEqualTo(Peer.BOUND);
    }
  }

  @Test
  void eventsArriveInBothDirections() throws Exception {
    try (Pair pair = pair()) {
      for (int i = 0; i < 100; i++) {
        delivers(pair.server, pair.client);
        delivers(pair.client, pair.server);
      }
    }
  }

  private static void delivers(EventChannel from, EventChannel to) throws IOException {
    long seen = to.received();
    from.send();
    assertThat(to.await(seen, LONG_NANOS)).isTrue();
    assertThat(to.received()).isGreaterThan(seen);
  }

  @Test
  void oneEventWakesEveryWaiter() throws Exception {
    try (Pair pair = pair()) {
      long seen = quiet(pair.server);
      List<Watchdog.Task<Boolean>> waiters = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Callable<Boolean> wait = () -> pair.server.await(seen, LONG_NANOS);
        waiters.add(Watchdog.start("platform", wait));
        waiters.add(Watchdog.start(Thread.ofVirtual().name("test-virtual"), wait));
      }
      waiters.forEach(Watchdog.Task::untilAsleep);
      pair.client.send();
      for (Watchdog.Task<Boolean> waiter : waiters) {
        assertThat(waiter.get()).isTrue();
      }
    }
  }

  @Test
  void sendingNeverBlocksThoughNobodyWaits() throws Exception {
    try (Pair pair = pair()) {
      long seen = pair.server.received();
      Callable<Boolean> flood =
          () -> {
            for (int i = 0; i < 100_000; i++) {
              pair.client.send();
            }
            return true;
          };
      assertThat(Watchdog.start("flood", flood).get()).isTrue();
      assertThat(pair.server.await(seen, LONG_NANOS)).isTrue();
    }
  }

  @Test
  void aWaitWithoutAnEventEndsWithItsTime() throws Exception {
    try (Pair pair = pair()) {
      long seen = quiet(pair.client);
      assertThat(pair.client.await(seen, 1_000_000)).isFalse();
      assertThat(pair.client.await(seen, 0)).isFalse();
      assertThat(pair.client.await(seen, -1)).isFalse();
      assertThat(pair.client.await(seen - 1, 0)).isTrue();
    }
  }

  @Test
  void waitingVirtualThreadsDoNotHoldTheirCarriers() throws Exception {
    try (Pair pair = pair()) {
      long seen = quiet(pair.server);
      List<Watchdog.Task<Boolean>> waiters = new ArrayList<>();
      for (int i = 0; i < Runtime.getRuntime().availableProcessors() + 4; i++) {
        waiters.add(
            Watchdog.start(
                Thread.ofVirtual().name("test-waiter"), () -> pair.server.await(seen, LONG_NANOS)));
      }
      Callable<Boolean> wakeThem =
          () -> {
            pair.client.send();
            return true;
          };
      assertThat(Watchdog.start(Thread.ofVirtual().name("test-waker"), wakeThem).get()).isTrue();
      for (Watchdog.Task<Boolean> waiter : waiters) {
        assertThat(waiter.get()).isTrue();
      }
    }
  }

  @Test
  void anInterruptEndsAWaitAndIsKept() throws Exception {
    try (Pair pair = pair()) {
      long seen = quiet(pair.client);
      Watchdog.Task<Boolean> waiter =
          Watchdog.start(
              "interrupted",
              () -> {
                pair.client.await(seen, LONG_NANOS);
                return Thread.currentThread().isInterrupted();
              });
      waiter.untilAsleep();
      waiter.thread().interrupt();
      assertThat(waiter.get()).isTrue();
    }
  }

  @Test
  void wakeEndsOwnWaitsOnly() throws Exception {
    try (Pair pair = pair()) {
      long serverSeen = quiet(pair.server);
      long clientSeen = quiet(pair.client);
      Watchdog.Task<Boolean> own =
          Watchdog.start("own", () -> pair.client.await(clientSeen, LONG_NANOS));
      own.untilAsleep();
      pair.client.wake();
      assertThat(own.get()).isTrue();
      assertThat(pair.server.received()).isEqualTo(serverSeen);
    }
  }

  @Test
  void ownCloseEndsOwnWaits() throws Exception {
    try (Pair pair = pair()) {
      long seen = quiet(pair.client);
      Watchdog.Task<Boolean> waiter =
          Watchdog.start("closed", () -> pair.client.await(seen, LONG_NANOS));
      waiter.untilAsleep();
      pair.client.close();
      waiter.get();
    }
  }

  @Test
  void aCloseLeavesThePeerUnboundWithoutAnEvent() throws Exception {
    try (Pair pair = pair()) {
      long seen = quiet(pair.server);
      pair.client.close();
      Watchdog.until("unbound", () -> pair.server.peer() == Peer.UNBOUND);
      assertThat(pair.server.received()).isEqualTo(seen);
      pair.server.send();
    }
  }

  @Test
  void aPortWhosePeerClosedCanBeBoundAgain() throws Exception {
    try (EventChannel listening = server.events().listen(CLIENT)) {
      for (int i = 0; i < 3; i++) {
        try (EventChannel bound = rebind(listening)) {
          assertThat(listening.peer()).isEqualTo(Peer.BOUND);
          delivers(bound, listening);
          delivers(listening, bound);
        }
      }
    }
  }

  /** Where the end of a peer is noticed a moment late, the port is taken that long. */
  private EventChannel rebind(EventChannel listening) throws IOException {
    Watchdog.until("unbound", () -> listening.peer() == Peer.UNBOUND);
    for (int tries = 0; ; tries++) {
      try {
        return client.events().connect(SERVER, listening.port());
      } catch (StaleAdvertisementException e) {
        if (tries == 1000) {
          throw e;
        }
        LockSupport.parkNanos(10_000_000);
      }
    }
  }

  @Test
  void aListenersCloseLeavesItsClientUnboundAndThePortGone() throws Exception {
    try (Pair pair = pair()) {
      pair.server.close();
      Watchdog.until("unbound", () -> pair.client.peer() == Peer.UNBOUND);
      assertRefused(CLIENT, SERVER, pair.server.port());
      pair.client.send();
    }
  }

  @Test
  void aClosedEndCanBeUsedWithoutHarmAndClosedAgain() throws Exception {
    try (Pair pair = pair()) {
      pair.client.close();
      pair.client.send();
      pair.client.wake();
      pair.client.await(pair.client.received(), 1_000_000);
      Objects.requireNonNull(pair.client.port());
      Objects.requireNonNull(pair.client.peer());
      pair.client.close();
    }
  }

  @Test
  void onlyTheNamedDomainBindsAndOnlyOnce() throws Exception {
    try (EventChannel listening = server.events().listen(CLIENT)) {
      EventPort port = listening.port();
      assertRefused(STRANGER, SERVER, port);
      assertRefused(CLIENT, STRANGER, port);
      assertRefused(CLIENT, new DomainId(99), port);
      assertRefused(CLIENT, SERVER, new EventPort(port.value() + 1_000_000));
      assertRefused(CLIENT, SERVER, new EventPort(0));
      assertRefused(CLIENT, SERVER, new EventPort(-1));
      try (EventChannel bound = client.events().connect(SERVER, port)) {
        assertRefused(CLIENT, SERVER, port);
        delivers(bound, listening);
        delivers(listening, bound);
      }
    }
  }

  @Test
  void portsOfOneDomainHaveDifferentNumbersOtherThanZero() throws Exception {
    try (EventChannel one = server.events().listen(CLIENT);
        EventChannel two = server.events().listen(CLIENT);
        EventChannel other = server.events().listen(STRANGER)) {
      assertThat(List.of(one.port(), two.port(), other.port(), new EventPort(0)))
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void aDomainConnectsToItself() throws Exception {
    try (EventChannel listening = server.events().listen(SERVER);
        EventChannel bound = server.events().connect(SERVER, listening.port())) {
      delivers(listening, bound);
      delivers(bound, listening);
    }
  }

  private void assertRefused(DomainId who, DomainId peer, EventPort port) {
    var backend = who.equals(CLIENT) ? client : stranger;
    assertThatThrownBy(() -> backend.events().connect(peer, port))
        .isInstanceOf(StaleAdvertisementException.class);
  }

  /** The count once all that was under way has arrived. */
  private static long quiet(EventChannel end) {
    long seen = 0;
    // An event that is on its way gets here within the pause, or it makes the next round.
    while (end.await(seen, 50_000_000)) {
      seen = end.received();
    }
    return seen;
  }

  private Pair pair() throws IOException {
    EventChannel listening = server.events().listen(CLIENT);
    try {
      return new Pair(listening, client.events().connect(SERVER, listening.port()));
    } catch (IOException e) {
      listening.close();
      throw e;
    }
  }

  private record Pair(EventChannel server, EventChannel client) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      try (server) {
        client.close();
      }
    }
  }
}
