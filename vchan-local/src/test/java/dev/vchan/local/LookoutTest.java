// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.DomainId;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventChannel.Peer;
import dev.vchan.testkit.Watchdog;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who reads the socket: threads that wait, the dispatcher, and what happens between them. */
class LookoutTest {

  private static final DomainId SERVER = DomainId.DOM0;
  private static final DomainId CLIENT = new DomainId(1);
  private static final long LONG_NANOS = 30_000_000_000L;
  private static final int ROUNDS = 5_000;

  private final Meeting meeting = new Meeting();

  @AfterEach
  void nothingIsLeft() throws Exception {
    meeting.close();
  }

  @Test
  void whoWaitsReadsByItself() throws Exception {
    LocalBackend server = meeting.open(0);
    LocalBackend client = meeting.open(1);
    try (EventChannel there = server.events().listen(CLIENT);
        EventChannel here = client.events().connect(SERVER, there.port())) {
      Watchdog.Task<Long> answers =
          Watchdog.start(
              "answers",
              () -> {
                for (int i = 0; i < ROUNDS; i++) {
                  long seen = i;
                  assertThat(there.await(seen, LONG_NANOS)).isTrue();
                  there.send();
                }
                return there.received();
              });
      long before = server.dispatcherTurns() + client.dispatcherTurns();
      for (int i = 0; i < ROUNDS; i++) {
        long seen = here.received();
        here.send();
        assertThat(here.await(seen, LONG_NANOS)).isTrue();
      }
      assertThat(answers.get()).isEqualTo(ROUNDS);
      // Left to the dispatchers, each round would wake both.
      assertThat(server.dispatcherTurns() + client.dispatcherTurns() - before).isLessThan(ROUNDS);
    }
  }

  @Test
  void aPeerDiesWhileNobodyWaitsAnyMore() throws Exception {
    try (EventChannel port = meeting.open(0).events().listen(CLIENT);
        RawPeer peer = RawPeer.call(meeting, port)) {
      peer.sayHello(0, port);
      peer.read(32);
      assertThat(port.await(port.received(), 1_000_000)).isFalse();
      peer.close();
      Watchdog.until("dead", () -> port.peer() == Peer.DIED);
    }
  }

  @Test
  void everyoneWhoWaitsHearsOfEveryEventWhoeverReads() throws Exception {
    long seed = Long.getLong("vchan.seed", System.nanoTime());
    System.out.println("seed " + seed + " (-Dvchan.seed)");
    LocalBackend server = meeting.open(0);
    LocalBackend client = meeting.open(1);
    List<AtomicLong> heard = new ArrayList<>();
    List<Watchdog.Task<Void>> waiting = new ArrayList<>();
    try (EventChannel there = server.events().listen(CLIENT);
        EventChannel here = client.events().connect(SERVER, there.port())) {
      for (int i = 0; i < 4; i++) {
        AtomicLong latest = new AtomicLong();
        heard.add(latest);
        Random random = new Random(seed + i);
        Thread.Builder thread = i == 0 ? Thread.ofVirtual() : Thread.ofPlatform();
        waiting.add(Watchdog.start(thread, () -> listenTo(there, latest, random)));
      }
      for (long count = 1; count <= ROUNDS; count++) {
        here.send();
        long expected = count;
        // The next is sent when all have heard this one: none may sleep through it.
        Watchdog.until(
            () -> expected + " heard, but " + heard,
            () -> heard.stream().allMatch(latest -> latest.get() >= expected));
      }
      for (Watchdog.Task<Void> each : waiting) {
        each.get();
      }
    }
  }

  private static Void listenTo(EventChannel port, AtomicLong latest, Random random) {
    while (latest.get() < ROUNDS) {
      // Some give up soon and come again, so that it is often somebody else who reads.
      long nanos = random.nextInt(3) == 0 ? random.nextInt(200_000) : LONG_NANOS;
      if (port.await(latest.get(), nanos)) {
        latest.set(port.received());
      }
    }
    return null;
  }
}
