// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.RendezvousPath;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * One listener of ours and many clients that use libxenvchan, which try again when they could not
 * connect: each gets its own bytes and no other's.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ReconnectTest {

  private static final int CLIENTS = 1_000;
  private static final int PROCESSES = 10;
  private static final int AT_ONCE = 8;
  private static final int STOPS = Figures.FULL ? 200 : 20;

  private static final RendezvousPath PATH = Hub.path(Hub.JAVA, "reconnect");

  private static Figures figures;

  @BeforeAll
  static void prepare() throws IOException {
    Programs.peer();
    figures = new Figures("interop-reconnect");
  }

  @Test
  void aThousandClientsComeOneAfterAnother() throws Exception {
    try (Hub hub = new Hub();
        LocalBackend backend = hub.open();
        VchanListener listener = VchanListener.open(backend, Hub.C, PATH, Visit.OPTIONS);
        Reception reception = new Reception(listener, CLIENTS)) {
      long tries = 0;
      for (int process = 0; process < PROCESSES; process++) {
        try (CPeer peer = hub.startPeer()) {
          for (int i = 0; i < CLIENTS / PROCESSES; i++) {
            tries += reception.newVisit().come(peer, PATH);
            peer.ask("close");
          }
        }
      }
      assertThat(reception.served()).isEqualTo(CLIENTS);
      figures.add(
          "reconnect: %d clients one after another, %d tries, %d turned away"
              .formatted(CLIENTS, tries, listener.rejectedClients()));
    }
  }

  @Test
  void eightClientsComeAtOnce() throws Exception {
    CyclicBarrier together = new CyclicBarrier(AT_ONCE);
    try (Hub hub = new Hub();
        LocalBackend backend = hub.open();
        VchanListener listener = VchanListener.open(backend, Hub.C, PATH, Visit.OPTIONS);
        Reception reception = new Reception(listener, CLIENTS);
        ExecutorService clients = threads()) {
      List<Future<Long>> tries = new ArrayList<>();
      for (int client = 0; client < AT_ONCE; client++) {
        tries.add(clients.submit(() -> comeOften(hub, reception, together)));
      }
      long sum = 0;
      for (Future<Long> each : tries) {
        sum += each.get();
      }
      assertThat(reception.served()).isEqualTo(CLIENTS);
      // More if a client comes back before the server has seen it leave.
      assertThat(reception.mostAtOnce()).isGreaterThanOrEqualTo(AT_ONCE);
      figures.add(
          "reconnect: %d clients, %d at once, %d tries, %d turned away"
              .formatted(CLIENTS, AT_ONCE, sum, listener.rejectedClients()));
    }
  }

  /** In one visit of ten, a client stays until all others are there as well. */
  private static long comeOften(Hub hub, Reception reception, CyclicBarrier together)
      throws Exception {
    long tries = 0;
    try (CPeer peer = hub.startPeer()) {
      for (int i = 0; i < CLIENTS / AT_ONCE; i++) {
        tries += reception.newVisit().come(peer, PATH);
        if (i % 10 == 0) {
          together.await(1, TimeUnit.MINUTES);
        }
        peer.ask("close");
      }
    }
    return tries;
  }

  /**
   * A client has read ring-ref when it is stopped; another one takes that page. When it goes on it
   * reads the event-channel of the next page, or finds none.
   */
  @Test
  void aClientThatStopsBetweenItsTwoReadsGetsAPageOfItsOwn() throws Exception {
    long tries = 0;
    try (Hub hub = new Hub();
        LocalBackend backend = hub.open();
        VchanListener listener = VchanListener.open(backend, Hub.C, PATH, Visit.OPTIONS);
        Reception reception = new Reception(listener, 2 * STOPS);
        CPeer slow = hub.startPeer();
        CPeer quick = hub.startPeer()) {
      for (int i = 0; i < STOPS; i++) {
        slow.ask("stop");
        slow.tell("connect %s %s %d".formatted(Hub.JAVA, PATH, 100_000));
        Watchdog.until("stopped", () -> slow.state() == 'T');
        Visit overtaking = reception.newVisit();
        overtaking.come(quick, PATH);
        if (i % 2 == 0) {
          quick.ask("close");
          reception.awaitServed(2 * i + 1);
        }
        slow.signal("CONT");
        tries += slow.answered()[2];
        reception.newVisit().talk(slow);
        slow.ask("close");
        if (i % 2 != 0) {
          quick.ask("close");
        }
        reception.awaitServed(2 * i + 2);
      }
      figures.add(
          "reconnect: %d clients stopped between their two reads, %d tries, %d turned away"
              .formatted(STOPS, tries, listener.rejectedClients()));
      assertThat(tries)
          .as("tries of clients that must fail once")
          .isGreaterThanOrEqualTo(2 * STOPS);
    }
  }

  private static ExecutorService threads() {
    return Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory());
  }

  /** The server: accepts, and serves each client on a thread of its own. */
  private static final class Reception implements AutoCloseable {

    private final Map<Long, Visit> expected = new ConcurrentHashMap<>();
    private final AtomicInteger announced = new AtomicInteger();
    private final AtomicInteger present = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger served = new AtomicInteger();
    private final ExecutorService threads = threads();
    private final List<Future<Boolean>> visits = new ArrayList<>();
    private final Future<Boolean> accepting;

    Reception(VchanListener listener, int clients) {
      accepting =
          threads.submit(
              () -> {
                for (int i = 0; i < clients; i++) {
                  Vchan channel = listener.accept();
                  visits.add(threads.submit(() -> serve(channel)));
                }
                return true;
              });
    }

    /** A client will come. */
    Visit newVisit() {
      Visit visit = new Visit(announced.incrementAndGet());
      expected.put(visit.greeting(), visit);
      return visit;
    }

    private boolean serve(Vchan channel) throws IOException {
      try (channel) {
        most.accumulateAndGet(present.incrementAndGet(), Math::max);
        long greeting = Visit.readGreeting(channel);
        Visit visit = expected.remove(greeting);
        if (visit == null) {
          throw new AssertionError(
              "%x is nobody's greeting, or was heard before".formatted(greeting));
        }
        visit.serve(channel);
        assertThat(channel.counters().endedByPeriod()).isZero();
      } finally {
        present.decrementAndGet();
      }
      served.incrementAndGet();
      return true;
    }

    void awaitServed(int clients) {
      Watchdog.until("served: " + clients, () -> served.get() >= clients);
    }

    /** How many visits went as they should, when all have ended. */
    int served() throws Exception {
      accepting.get(1, TimeUnit.MINUTES);
      for (Future<Boolean> visit : visits) {
        visit.get(1, TimeUnit.MINUTES);
      }
      return served.get();
    }

    int mostAtOnce() {
      return most.get();
    }

    /** Does not wait for clients that will not come. */
    @Override
    public void close() {
      threads.shutdownNow();
    }
  }
}
