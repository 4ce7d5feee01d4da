// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.DomainId;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import dev.vchan.xen.xenstore.fake.FakeXenstored;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One connection for the whole JVM, however many use it. */
class SharingTest extends Leakless {

  private static final StorePath PATH = new StorePath("/a");

  private FakeXenstored daemon;
  private Path socket;

  @BeforeEach
  void start() throws Exception {
    daemon = FakeXenstored.likeC();
    socket = daemon.socket(DomainId.DOM0);
  }

  @AfterEach
  void stop() throws Exception {
    assertThat(daemon.leftovers()).isEmpty();
    daemon.close();
  }

  /** All that the daemon had to do with a client is over; it notices that by itself. */
  private void expectNobody() {
    Watchdog.until("alone", () -> daemon.leftovers().isEmpty());
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("vchan-xenstore"))
        .sorted()
        .toList();
  }

  @Test
  void allHoldsHaveOneConnectionAndTwoThreads() throws Exception {
    List<XenStore> holds = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      holds.add(XenStore.open(socket, soon()));
      holds.getLast().nodes(soon()).write(PATH, "x");
    }
    assertThat(daemon.leftovers()).hasSize(1);
    assertThat(threads()).containsExactly("vchan-xenstore-receiver", "vchan-xenstore-sender");
    XenStore last = holds.removeLast();
    for (XenStore hold : holds) {
      hold.close();
      hold.close();
    }
    assertThat(last.nodes(soon()).read(PATH)).contains("x");
    last.close();
    assertThat(threads()).isEmpty();
    expectNobody();
  }

  @Test
  void closingAHoldClosesItsWatchesAndNoOthers() throws Exception {
    try (XenStore other = XenStore.open(socket, soon());
        StoreWatch others = other.watch(PATH, soon())) {
      XenStore hold = XenStore.open(socket, soon());
      StoreWatch watch = hold.watch(PATH, soon());
      Task<Boolean> waiting = Watchdog.start("waiting", () -> watch.await(1, 30_000_000_000L));
      Watchdog.until("registered", () -> watch.changes() >= 1);
      waiting.untilAsleep();
      hold.close();
      assertThat(waiting.get()).isTrue();
      Watchdog.until("one watch", () -> daemon.holdings().size() == 1);
      long seen = others.changes();
      other.nodes(soon()).write(PATH, "x");
      assertThat(others.await(seen, 30_000_000_000L)).isTrue();
      assertThatThrownBy(() -> hold.nodes(soon()).read(PATH))
          .isInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(() -> hold.watch(PATH, soon())).isInstanceOf(ClosedChannelException.class);
    }
    expectNobody();
  }

  @Test
  void aLostConnectionWakesEveryoneAndIsReplacedByTheNextToOpen() throws Exception {
    XenStore lost = XenStore.open(socket, soon());
    StoreWatch watch = lost.watch(PATH, soon());
    Watchdog.until("registered", () -> watch.changes() == 1);
    Task<Boolean> waiting = Watchdog.start("waiting", () -> watch.await(1, 30_000_000_000L));
    waiting.untilAsleep();
    daemon.hangUp();
    assertThat(waiting.get()).isTrue();
    assertThatThrownBy(() -> lost.nodes(soon()).read(PATH))
        .isInstanceOf(XenStoreLostException.class);
    try (XenStore next = XenStore.open(socket, soon())) {
      next.nodes(soon()).write(PATH, "again");
      watch.close();
      lost.close();
      assertThat(next.nodes(soon()).read(PATH)).contains("again");
    }
    expectNobody();
  }

  @Test
  void manyThreadsGetTheirOwnReplies() throws Exception {
    try (XenStore store = XenStore.open(socket, soon())) {
      List<Task<Boolean>> tasks = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        String own = Integer.toString(i);
        Thread.Builder thread = i % 2 == 0 ? Thread.ofVirtual() : Thread.ofPlatform();
        tasks.add(
            Watchdog.start(
                thread.name("test-" + own),
                () -> {
                  StorePath path = PATH.child(own);
                  for (int round = 0; round < 50; round++) {
                    String value = own + "-" + round;
                    store.nodes(soon()).write(path, value);
                    assertThat(store.nodes(soon()).read(path)).contains(value);
                  }
                  return true;
                }));
      }
      for (Task<Boolean> task : tasks) {
        assertThat(task.get()).isTrue();
      }
    }
    expectNobody();
  }

  @Test
  void holdsThatComeAndGoAtOnceLeaveNothing() throws Exception {
    List<Task<Boolean>> tasks = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      tasks.add(
          Watchdog.start(
              "comes-and-goes",
              () -> {
                for (int round = 0; round < 50; round++) {
                  try (XenStore store = XenStore.open(socket, soon());
                      StoreWatch watch = store.watch(PATH, soon())) {
                    assertThat(watch.path()).isEqualTo(PATH);
                  }
                }
                return true;
              }));
    }
    for (Task<Boolean> task : tasks) {
      assertThat(task.get()).isTrue();
    }
    expectNobody();
  }
}
