// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import dev.vchan.xen.xenstore.fake.FakeXenstored;
import dev.vchan.xen.xenstore.fake.Frame;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A transaction that conflicts is run again, within a bound. */
@Case("T15")
class TransactionTest extends Leakless {

  private static final DomainId GUEST = new DomainId(5);
  private static final StorePath PATH = new StorePath("data/counter");

  private FakeXenstored daemon;
  private XenStore store;

  @BeforeEach
  void start() throws IOException {
    daemon = FakeXenstored.likeC();
    store = XenStore.open(daemon.socket(GUEST), soon());
  }

  @AfterEach
  void stop() throws IOException {
    Watchdog.until("all transactions ended", () -> daemon.holdings().isEmpty());
    store.close();
    daemon.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, XenStore.MAX_ATTEMPTS - 1})
  void conflictsWithinTheBoundAreOvercome(int conflicts) throws IOException {
    daemon.conflictNext(conflicts);
    AtomicInteger runs = new AtomicInteger();
    int result =
        store.transact(
            soon(),
            nodes -> {
              nodes.write(PATH, "x");
              return runs.incrementAndGet();
            });
    assertThat(result).isEqualTo(conflicts + 1);
    assertThat(daemon.count(Frame.TRANSACTION_START)).isEqualTo(conflicts + 1);
    assertThat(daemon.count(Frame.TRANSACTION_END)).isEqualTo(conflicts + 1);
    assertThat(store.nodes(soon()).read(PATH)).contains("x");
  }

  @Test
  void conflictsBeyondTheBoundAreAFailure() throws IOException {
    daemon.conflictNext(XenStore.MAX_ATTEMPTS + 1);
    AtomicInteger runs = new AtomicInteger();
    assertThatThrownBy(
            () ->
                store.transact(
                    soon(),
                    nodes -> {
                      nodes.write(PATH, "x");
                      return runs.incrementAndGet();
                    }))
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EAGAIN))
        .hasMessageContaining(XenStore.MAX_ATTEMPTS + " times");
    assertThat(runs).hasValue(XenStore.MAX_ATTEMPTS);
    assertThat(store.nodes(soon()).read(PATH)).isEmpty();
    daemon.conflictNext(0);
  }

  @Test
  void theDeadlineIsForAllRunsTogether() {
    daemon.conflictNext(Integer.MAX_VALUE);
    assertThatThrownBy(() -> store.transact(atOnce(), nodes -> "unreached"))
        .isInstanceOf(XenStoreTimeoutException.class);
    daemon.conflictNext(0);
  }

  @Test
  void anInterruptBetweenRunsEndsThem() throws Exception {
    daemon.conflictNext(Integer.MAX_VALUE);
    AtomicInteger runs = new AtomicInteger();
    Task<Integer> transaction =
        Watchdog.start(
            "transaction", () -> store.transact(soon(), nodes -> runs.incrementAndGet()));
    Watchdog.until("run twice", () -> runs.get() >= 2);
    transaction.thread().interrupt();
    assertThat(transaction.failure()).isInstanceOf(ClosedByInterruptException.class);
    daemon.conflictNext(0);
  }

  @Test
  void countersThatManyRaiseAtOnceLoseNothing() throws Exception {
    int threads = 8;
    int rounds = 25;
    XenStore other = XenStore.open(daemon.socket(DomainId.DOM0), soon());
    StorePath path = new StorePath("/local/domain/5/data/counter");
    List<Task<Boolean>> tasks = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      XenStore its = i % 2 == 0 ? store : other;
      tasks.add(
          Watchdog.start(
              "raising",
              () -> {
                for (int round = 0; round < rounds; round++) {
                  its.transact(soon(), nodes -> raise(nodes, path));
                }
                return true;
              }));
    }
    for (Task<Boolean> task : tasks) {
      task.get();
    }
    assertThat(store.nodes(soon()).read(path)).contains(Integer.toString(threads * rounds));
    System.out.println(
        threads * rounds + " raises took " + daemon.count(Frame.TRANSACTION_START) + " runs");
    other.close();
  }

  @Test
  void withoutTransactionsTheSameCountersLose() throws Exception {
    // What the test above would not notice otherwise: that the fake daemon lets nobody in between.
    CounterThief thief = new CounterThief();
    StorePath path = new StorePath("/local/domain/5/data/counter");
    store.nodes(soon()).write(path, "0");
    try (XenStore other = XenStore.open(daemon.socket(DomainId.DOM0), soon())) {
      Task<Integer> one = Watchdog.start("one", () -> thief.raise(store.nodes(soon()), path));
      Task<Integer> two = Watchdog.start("two", () -> thief.raise(other.nodes(soon()), path));
      one.get();
      two.get();
      assertThat(store.nodes(soon()).read(path)).contains("1");
    }
  }

  /** Two readers that both read before either writes. */
  private static final class CounterThief {
    private final CyclicBarrier both = new CyclicBarrier(2);

    int raise(Nodes nodes, StorePath path) throws Exception {
      int value = Integer.parseInt(nodes.read(path).orElseThrow());
      both.await();
      nodes.write(path, Integer.toString(value + 1));
      return value;
    }
  }

  private static int raise(Nodes nodes, StorePath path) throws IOException {
    int value = Integer.parseInt(nodes.read(path).orElse("0")) + 1;
    nodes.write(path, Integer.toString(value));
    return value;
  }

  @Test
  void manyTransactionsAtOnceStayWithinTheQuota() throws Exception {
    List<Task<Integer>> tasks = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      tasks.add(
          Watchdog.start(
              Thread.ofVirtual().name("test-transaction"),
              () -> store.transact(soon(), nodes -> raise(nodes, PATH))));
    }
    for (Task<Integer> task : tasks) {
      task.get();
    }
    assertThat(store.nodes(soon()).read(PATH)).contains("60");
  }

  @Test
  void aTransactionWithinATransactionIsAnother() throws IOException {
    StorePath inner = new StorePath("data/inner");
    store.transact(
        soon(),
        nodes -> {
          nodes.write(PATH, "outer");
          return store.transact(
              soon(),
              others -> {
                assertThat(others.read(PATH)).isEmpty();
                others.write(inner, "inner");
                return null;
              });
        });
    assertThat(store.nodes(soon()).read(PATH)).contains("outer");
    assertThat(store.nodes(soon()).read(inner)).contains("inner");
  }

  @Test
  void nodesOfATransactionAreOfNoUseAfterIt() throws IOException {
    Nodes kept = store.transact(soon(), nodes -> nodes);
    assertThatIllegalStateException().isThrownBy(() -> kept.read(PATH));
  }

  @Test
  void aRefusalWithinATransactionIsToldAndEndsIt() {
    StorePath foreign = new StorePath("/local/domain/0/name");
    assertThatThrownBy(
            () ->
                store.transact(
                    Deadline.after(Duration.ofSeconds(30)),
                    nodes -> {
                      nodes.write(PATH, "x");
                      nodes.write(foreign, "x");
                      return null;
                    }))
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EACCES))
        .hasMessageContaining(foreign.value());
  }
}
