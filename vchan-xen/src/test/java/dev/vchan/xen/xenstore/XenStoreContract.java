// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.DomainId;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.Watchdog;
import dev.vchan.xen.xenstore.Permissions.Access;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the client does with any xenstored, as dom0. */
@Case("T89")
abstract class XenStoreContract extends Leakless {

  private static final DomainId SERVER = new DomainId(5);
  private static final DomainId CLIENT = new DomainId(6);
  private static final StorePath ROOT = new StorePath("/vchan-contract");
  private static final StorePath LEAF = ROOT.child("leaf");

  private XenStore store;
  private Nodes nodes;

  /** A hold on the daemon, of dom0; closed by the caller. */
  abstract XenStore open() throws Exception;

  /** Ends what {@link #open} started. */
  void stop() throws Exception {}

  /** Watches and transactions that are left. */
  abstract List<String> holdings();

  @BeforeEach
  final void begin() throws Exception {
    store = open();
    nodes = store.nodes(soon());
    nodes.remove(ROOT);
    nodes.mkdir(ROOT);
  }

  @AfterEach
  final void end() throws Exception {
    nodes.remove(ROOT);
    assertThat(holdings()).isEmpty();
    store.close();
    stop();
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    nodes.write(LEAF, "value");
    assertThat(nodes.read(LEAF)).contains("value");
    nodes.write(LEAF, "");
    assertThat(nodes.read(LEAF)).contains("");
    byte[] any = new byte[2000];
    for (int i = 0; i < any.length; i++) {
      any[i] = (byte) i;
    }
    nodes.write(LEAF, any);
    assertThat(nodes.readBytes(LEAF)).hasValueSatisfying(read -> assertThat(read).isEqualTo(any));
  }

  @Test
  void writingMakesWhatIsAboveAndRemovingTakesWhatIsBelow() throws IOException {
    StorePath deep = ROOT.child("a/b/c");
    nodes.write(deep, "x");
    assertThat(nodes.list(ROOT)).contains(List.of("a"));
    assertThat(nodes.read(ROOT.child("a/b"))).contains("");
    nodes.remove(ROOT.child("a"));
    assertThat(nodes.read(deep)).isEmpty();
    assertThat(nodes.list(ROOT)).contains(List.of());
  }

  @Test
  void whatIsAbsentIsNoFailure() throws IOException {
    StorePath absent = ROOT.child("absent/below");
    assertThat(nodes.read(absent)).isEmpty();
    assertThat(nodes.list(absent)).isEmpty();
    assertThat(nodes.permissions(absent)).isEmpty();
    nodes.remove(absent);
    nodes.remove(ROOT.child("absent"));
    assertThatThrownBy(() -> nodes.setPermissions(absent, Permissions.of(SERVER)))
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class,
            e -> {
              assertThat(e.errno()).isEqualTo(Errno.ENOENT);
              assertThat(e.resource()).isEqualTo(absent.value());
            });
  }

  @Test
  void makingANodeAgainKeepsItsValue() throws IOException {
    nodes.write(LEAF, "kept");
    nodes.mkdir(LEAF);
    assertThat(nodes.read(LEAF)).contains("kept");
  }

  @Test
  void childrenAreListedHoweverMany() throws IOException {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      names.add("child-" + i + "-" + "x".repeat(100));
    }
    store.transact(
        soon(),
        inside -> {
          for (String name : names) {
            inside.mkdir(ROOT.child(name));
          }
          return null;
        });
    assertThat(nodes.list(ROOT).orElseThrow()).containsExactlyInAnyOrderElementsOf(names);
  }

  @Test
  void permissionsAreSetAndTold() throws IOException {
    Permissions wanted = Permissions.of(SERVER).granting(CLIENT, Access.READ);
    nodes.write(LEAF, "x");
    nodes.setPermissions(LEAF, wanted);
    assertThat(nodes.permissions(LEAF)).contains(wanted);
    Permissions open = new Permissions(DomainId.DOM0, Access.READ_WRITE, List.of());
    nodes.setPermissions(LEAF, open);
    assertThat(nodes.permissions(LEAF)).contains(open);
  }

  @Test
  void aDomainHasAHome() throws IOException {
    assertThat(store.domainPath(SERVER, soon())).hasToString("/local/domain/5");
  }

  @Test
  void aDomainIsThereOrNot() throws IOException {
    assertThat(store.isIntroduced(DomainId.DOM0, soon())).isTrue();
    assertThat(store.isIntroduced(SERVER, soon())).isFalse();
  }

  @Test
  void aTransactionIsSeenWholeOrNotAtAll() throws IOException {
    StorePath other = ROOT.child("other");
    String result =
        store.transact(
            soon(),
            inside -> {
              inside.write(LEAF, "1");
              inside.write(other, "2");
              assertThat(inside.read(LEAF)).contains("1");
              assertThat(nodes.read(LEAF)).isEmpty();
              return "done";
            });
    assertThat(result).isEqualTo("done");
    assertThat(nodes.read(LEAF)).contains("1");
    assertThat(nodes.read(other)).contains("2");
  }

  @Test
  void aTransactionThatFailsChangesNothing() throws IOException {
    assertThatThrownBy(
            () ->
                store.transact(
                    soon(),
                    inside -> {
                      inside.write(LEAF, "1");
                      throw new IllegalStateException("on purpose");
                    }))
        .hasMessage("on purpose");
    assertThat(nodes.read(LEAF)).isEmpty();
  }

  @Test
  @Case("T15")
  void aTransactionIsRunAgainIfOthersChangedWhatItRead() throws IOException {
    nodes.write(LEAF, "0");
    AtomicInteger runs = new AtomicInteger();
    store.transact(
        soon(),
        inside -> {
          int value = Integer.parseInt(inside.read(LEAF).orElseThrow());
          if (runs.incrementAndGet() <= 3) {
            nodes.write(LEAF, Integer.toString(value + 100));
          }
          inside.write(LEAF, Integer.toString(value + 1));
          return null;
        });
    assertThat(runs).hasValue(4);
    assertThat(nodes.read(LEAF)).contains("301");
  }

  @Test
  void aTransactionSeesWhatWasSoAtTheSameTime() throws Exception {
    StorePath other = ROOT.child("other");
    int last = 40;
    nodes.write(LEAF, "0");
    nodes.write(other, "0");
    var writer =
        Watchdog.start(
            "writer",
            () -> {
              for (int i = 1; i <= last; i++) {
                String value = Integer.toString(i);
                store.transact(
                    soon(),
                    inside -> {
                      inside.write(LEAF, value);
                      inside.write(other, value);
                      return null;
                    });
              }
              return true;
            });
    String seen = "";
    while (!seen.equals(Integer.toString(last))) {
      List<String> both =
          store.transact(
              soon(),
              inside -> List.of(inside.read(LEAF).orElseThrow(), inside.read(other).orElseThrow()));
      assertThat(both.getFirst()).isEqualTo(both.getLast());
      seen = both.getFirst();
    }
    writer.get();
  }

  @Test
  void aWatchCountsEveryKindOfChangeBelowIt() throws IOException {
    try (StoreWatch watch = store.watch(ROOT, soon())) {
      changes(watch, () -> nodes.write(LEAF, "x"));
      changes(watch, () -> nodes.write(LEAF, "y"));
      changes(watch, () -> nodes.setPermissions(LEAF, Permissions.of(SERVER)));
      changes(watch, () -> nodes.mkdir(ROOT.child("a/b")));
      changes(watch, () -> nodes.remove(LEAF));
      changes(watch, () -> nodes.remove(ROOT));
    }
  }

  private interface Change {
    void make() throws IOException;
  }

  private static void changes(StoreWatch watch, Change change) throws IOException {
    long seen = settled(watch);
    change.make();
    assertThat(watch.await(seen, 30_000_000_000L)).isTrue();
  }

  /** What was counted when nothing came for a while. */
  private static long settled(StoreWatch watch) {
    long seen = 0;
    while (watch.await(seen, 100_000_000)) {
      seen = watch.changes();
    }
    return seen;
  }

  @Test
  void aWatchOfWhatIsAbsentCountsWhenItComes() throws IOException {
    StorePath absent = ROOT.child("not/yet");
    try (StoreWatch watch = store.watch(absent, soon())) {
      changes(watch, () -> nodes.write(absent, "there"));
      changes(watch, () -> nodes.remove(ROOT));
    }
  }

  @Test
  void aWatchCountsATransactionWhenItIsDone() throws IOException {
    try (StoreWatch watch = store.watch(LEAF, soon())) {
      long seen = settled(watch);
      store.transact(
          soon(),
          inside -> {
            inside.write(LEAF, "x");
            assertThat(watch.changes()).isEqualTo(seen);
            return null;
          });
      assertThat(watch.await(seen, 30_000_000_000L)).isTrue();
    }
  }

  @Test
  void aClosedWatchCountsNothingAndOthersGoOn() throws IOException {
    StoreWatch closed = store.watch(LEAF, soon());
    try (StoreWatch watch = store.watch(LEAF, soon())) {
      settled(closed);
      closed.close();
      closed.close();
      long before = closed.changes();
      changes(watch, () -> nodes.write(LEAF, "x"));
      assertThat(closed.changes()).isEqualTo(before);
    }
  }

  @Test
  void aRequestThatNoMessageHoldsIsNotSent() throws IOException {
    assertThatThrownBy(() -> nodes.write(LEAF, new byte[4096]))
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.E2BIG))
        .hasMessageContaining("4096");
    assertThat(nodes.read(LEAF)).isEmpty();
  }
}
