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

/** What the client does with any xenstored, as dom0 unless said otherwise. */
@Case("T89")
abstract class XenStoreContract extends Leakless {

  private static final DomainId ABSENT = new DomainId(7);

  private StorePath root;
  private StorePath leaf;
  private XenStore store;
  private Nodes nodes;

  /** A hold on the daemon, of {@link #self}; closed by the caller. */
  abstract XenStore open() throws Exception;

  /** The domain for which this speaks. */
  DomainId self() {
    return DomainId.DOM0;
  }

  private boolean isGuest() {
    return !self().equals(DomainId.DOM0);
  }

  /** Who may own a node that this makes, and is there: a daemon may know no others. */
  abstract DomainId owner();

  private DomainId reader() {
    return isGuest() ? DomainId.DOM0 : self();
  }

  /** Ends what {@link #open} started. */
  void stop() throws Exception {}

  /** Watches and transactions that are left. */
  abstract List<String> holdings();

  @BeforeEach
  final void begin() throws Exception {
    root =
        isGuest()
            ? new StorePath("/local/domain/" + self() + "/data/vchan-contract")
            : new StorePath("/vchan-contract");
    leaf = root.child("leaf");
    store = open();
    nodes = store.nodes(soon());
    nodes.remove(root);
    nodes.mkdir(root);
  }

  @AfterEach
  final void end() throws Exception {
    store.nodes(soon()).remove(root);
    assertThat(holdings()).isEmpty();
    store.close();
    stop();
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    nodes.write(leaf, "value");
    assertThat(nodes.read(leaf)).contains("value");
    nodes.write(leaf, "");
    assertThat(nodes.read(leaf)).contains("");
    byte[] any = new byte[2000];
    for (int i = 0; i < any.length; i++) {
      any[i] = (byte) i;
    }
    nodes.write(leaf, any);
    assertThat(nodes.readBytes(leaf)).hasValueSatisfying(read -> assertThat(read).isEqualTo(any));
  }

  @Test
  void writingMakesWhatIsAboveAndRemovingTakesWhatIsBelow() throws IOException {
    StorePath deep = root.child("a/b/c");
    nodes.write(deep, "x");
    assertThat(nodes.list(root)).contains(List.of("a"));
    assertThat(nodes.read(root.child("a/b"))).contains("");
    nodes.remove(root.child("a"));
    assertThat(nodes.read(deep)).isEmpty();
    assertThat(nodes.list(root)).contains(List.of());
  }

  @Test
  void whatIsAbsentIsNoFailure() throws IOException {
    StorePath absent = root.child("absent/below");
    assertThat(nodes.read(absent)).isEmpty();
    assertThat(nodes.list(absent)).isEmpty();
    assertThat(nodes.permissions(absent)).isEmpty();
    nodes.remove(absent);
    nodes.remove(root.child("absent"));
    assertThatThrownBy(() -> nodes.setPermissions(absent, Permissions.of(owner())))
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class,
            e -> {
              assertThat(e.errno()).isEqualTo(Errno.ENOENT);
              assertThat(e.resource()).isEqualTo(absent.value());
            });
  }

  @Test
  void makingANodeAgainKeepsItsValue() throws IOException {
    nodes.write(leaf, "kept");
    nodes.mkdir(leaf);
    assertThat(nodes.read(leaf)).contains("kept");
  }

  @Test
  void childrenAreListedHoweverMany() throws IOException {
    List<String> names = new ArrayList<>();
    // A guest's node, its list of children included, has at most 2048 bytes.
    int count = isGuest() ? 15 : 200;
    for (int i = 0; i < count; i++) {
      names.add("child-" + i + "-" + "x".repeat(100));
    }
    store.transact(
        soon(),
        inside -> {
          for (String name : names) {
            inside.mkdir(root.child(name));
          }
          return null;
        });
    if (listsInParts()) {
      assertThat(nodes.list(root).orElseThrow()).containsExactlyInAnyOrderElementsOf(names);
    } else {
      assertThatThrownBy(() -> nodes.list(root))
          .isInstanceOfSatisfying(
              XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.E2BIG))
          .hasMessageContaining("more children than fit in a reply");
    }
  }

  /** Whether a list that is too long for one reply can be had: not of every daemon. */
  boolean listsInParts() {
    return true;
  }

  @Test
  void permissionsAreSetAndTold() throws IOException {
    Permissions wanted = Permissions.of(owner()).granting(reader(), Access.READ);
    nodes.write(leaf, "x");
    nodes.setPermissions(leaf, wanted);
    assertThat(nodes.permissions(leaf)).contains(wanted);
    Permissions open = new Permissions(self(), Access.READ_WRITE, List.of());
    nodes.setPermissions(leaf, open);
    assertThat(nodes.permissions(leaf)).contains(open);
  }

  @Test
  void aDomainHasAHome() throws IOException {
    assertThat(store.domainPath(ABSENT, soon())).hasToString("/local/domain/7");
  }

  @Test
  void aDomainIsThereOrNotWhichOnlyDom0IsTold() throws IOException {
    if (isGuest()) {
      assertThatThrownBy(() -> store.isIntroduced(DomainId.DOM0, soon()))
          .isInstanceOfSatisfying(
              XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EACCES));
      return;
    }
    assertThat(store.isIntroduced(DomainId.DOM0, soon())).isTrue();
    assertThat(store.isIntroduced(ABSENT, soon())).isFalse();
  }

  @Test
  void aTransactionIsSeenWholeOrNotAtAll() throws IOException {
    StorePath other = root.child("other");
    String result =
        store.transact(
            soon(),
            inside -> {
              inside.write(leaf, "1");
              inside.write(other, "2");
              assertThat(inside.read(leaf)).contains("1");
              assertThat(nodes.read(leaf)).isEmpty();
              return "done";
            });
    assertThat(result).isEqualTo("done");
    assertThat(nodes.read(leaf)).contains("1");
    assertThat(nodes.read(other)).contains("2");
  }

  @Test
  void aTransactionThatFailsChangesNothing() throws IOException {
    assertThatThrownBy(
            () ->
                store.transact(
                    soon(),
                    inside -> {
                      inside.write(leaf, "1");
                      throw new IllegalStateException("on purpose");
                    }))
        .hasMessage("on purpose");
    assertThat(nodes.read(leaf)).isEmpty();
  }

  @Test
  @Case("T15")
  void aTransactionIsRunAgainIfOthersChangedWhatItRead() throws IOException {
    nodes.write(leaf, "0");
    AtomicInteger runs = new AtomicInteger();
    store.transact(
        soon(),
        inside -> {
          int value = Integer.parseInt(inside.read(leaf).orElseThrow());
          if (runs.incrementAndGet() <= 3) {
            nodes.write(leaf, Integer.toString(value + 100));
          }
          inside.write(leaf, Integer.toString(value + 1));
          return null;
        });
    assertThat(runs).hasValue(4);
    assertThat(nodes.read(leaf)).contains("301");
  }

  @Test
  void aTransactionSeesWhatWasSoAtTheSameTime() throws Exception {
    StorePath other = root.child("other");
    int last = 40;
    nodes.write(leaf, "0");
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
                      inside.write(leaf, value);
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
              inside -> List.of(inside.read(leaf).orElseThrow(), inside.read(other).orElseThrow()));
      assertThat(both.getFirst()).isEqualTo(both.getLast());
      seen = both.getFirst();
    }
    writer.get();
  }

  @Test
  void aWatchCountsEveryKindOfChangeBelowIt() throws IOException {
    try (StoreWatch watch = store.watch(root, soon())) {
      changes(watch, () -> nodes.write(leaf, "x"));
      changes(watch, () -> nodes.write(leaf, "y"));
      changes(watch, () -> nodes.setPermissions(leaf, Permissions.of(owner())));
      changes(watch, () -> nodes.mkdir(root.child("a/b")));
      changes(watch, () -> nodes.remove(leaf));
      changes(watch, () -> nodes.remove(root));
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
    StorePath absent = root.child("not/yet");
    try (StoreWatch watch = store.watch(absent, soon())) {
      changes(watch, () -> nodes.write(absent, "there"));
      changes(watch, () -> nodes.remove(root));
    }
  }

  @Test
  void aWatchCountsATransactionWhenItIsDone() throws IOException {
    try (StoreWatch watch = store.watch(leaf, soon())) {
      long seen = settled(watch);
      store.transact(
          soon(),
          inside -> {
            inside.write(leaf, "x");
            assertThat(watch.changes()).isEqualTo(seen);
            return null;
          });
      assertThat(watch.await(seen, 30_000_000_000L)).isTrue();
    }
  }

  @Test
  void aClosedWatchCountsNothingAndOthersGoOn() throws IOException {
    StoreWatch closed = store.watch(leaf, soon());
    try (StoreWatch watch = store.watch(leaf, soon())) {
      settled(closed);
      closed.close();
      closed.close();
      long before = closed.changes();
      changes(watch, () -> nodes.write(leaf, "x"));
      assertThat(closed.changes()).isEqualTo(before);
    }
  }

  @Test
  void aRequestThatNoMessageHoldsIsNotSent() throws IOException {
    assertThatThrownBy(() -> nodes.write(leaf, new byte[4096]))
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.E2BIG))
        .hasMessageMatching(".* bytes, at most 40(96|80);.*");
    assertThat(nodes.read(leaf)).isEmpty();
  }
}
