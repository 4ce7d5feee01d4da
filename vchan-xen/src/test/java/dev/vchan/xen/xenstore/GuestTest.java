// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.DomainId;
import dev.vchan.testkit.Watchdog;
import dev.vchan.xen.xenstore.Permissions.Access;
import dev.vchan.xen.xenstore.fake.FakeXenstored;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an unprivileged domain may, and how it is told what it may not. */
class GuestTest extends Leakless {

  private static final DomainId SERVER = new DomainId(5);
  private static final DomainId CLIENT = new DomainId(6);
  private static final DomainId STRANGER = new DomainId(7);
  private static final StorePath DATA = new StorePath("/local/domain/5/data");

  private final List<XenStore> opened = new ArrayList<>();
  private FakeXenstored daemon;
  private XenStore server;
  private Nodes nodes;

  private void start(boolean likeC) throws IOException {
    daemon = likeC ? FakeXenstored.likeC() : FakeXenstored.likeOcaml();
    server = open(SERVER);
    nodes = server.nodes(soon());
  }

  private XenStore open(DomainId domain) throws IOException {
    opened.add(XenStore.open(daemon.socket(domain), soon()));
    return opened.getLast();
  }

  @AfterEach
  void stop() throws IOException {
    opened.forEach(XenStore::close);
    daemon.close();
  }

  private static void expect(ThrowingCallable call, Errno errno, String... words) {
    assertThat(ThrowableAssert.catchThrowable(call))
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(errno))
        .hasMessageContainingAll(words);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aLeafIsForThoseItWasGivenTo(boolean likeC) throws IOException {
    start(likeC);
    StorePath leaf = DATA.child("vchan/6/port/ring-ref");
    nodes.write(leaf, "8");
    nodes.setPermissions(leaf, Permissions.of(SERVER).granting(CLIENT, Access.READ));
    assertThat(nodes.permissions(leaf)).hasValueSatisfying(p -> assertThat(p).hasToString("n5 r6"));
    Nodes client = open(CLIENT).nodes(soon());
    assertThat(client.read(leaf)).contains("8");
    expect(() -> client.write(leaf, "9"), Errno.EACCES, leaf.value(), "xenstore-chmod");
    expect(() -> client.list(DATA), Errno.EACCES, DATA.value());
    expect(() -> client.read(DATA.child("absent")), Errno.EACCES, "absent");
    Nodes stranger = open(STRANGER).nodes(soon());
    expect(() -> stranger.read(leaf), Errno.EACCES, "READ " + leaf);
    expect(() -> stranger.remove(leaf), Errno.EACCES, "RM " + leaf);
    expect(
        () -> nodes.setPermissions(leaf, Permissions.of(CLIENT)), Errno.EPERM, "dom0", "SET_PERMS");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aWatchOfWhatMayNotBeReadIsSilentUntilItMay(boolean likeC) throws IOException {
    start(likeC);
    StorePath leaf = DATA.child("vchan/6/port/event-channel");
    try (StoreWatch watch = open(CLIENT).watch(leaf, soon())) {
      Watchdog.until("registered", () -> watch.changes() == 1);
      nodes.write(leaf, "9");
      // What the client hears after this came after the write, which it has not heard of.
      assertThat(open(CLIENT).domainPath(CLIENT, soon())).hasToString("/local/domain/6");
      assertThat(watch.changes()).isEqualTo(1);
      nodes.setPermissions(leaf, Permissions.of(SERVER).granting(CLIENT, Access.READ));
      assertThat(watch.await(1, 30_000_000_000L)).isTrue();
      long seen = watch.changes();
      nodes.remove(DATA.child("vchan/6/port"));
      assertThat(watch.await(seen, 30_000_000_000L)).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void relativePathsAreBelowTheOwnHome(boolean likeC) throws IOException {
    start(likeC);
    StorePath relative = new StorePath("data/x");
    try (StoreWatch watch = server.watch(relative, soon())) {
      Watchdog.until("registered", () -> watch.changes() == 1);
      nodes.write(relative, "y");
      assertThat(watch.await(1, 30_000_000_000L)).isTrue();
    }
    assertThat(nodes.read(DATA.child("x"))).contains("y");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void eachQuotaIsNamed(boolean likeC) throws IOException {
    start(likeC);
    Errno quota = likeC ? Errno.ENOSPC : Errno.EQUOTA;
    expect(
        () -> nodes.write(DATA.child("large"), new byte[2049]),
        likeC ? Errno.ENOSPC : Errno.E2BIG,
        "WRITE " + DATA.child("large"));
    expect(
        () -> {
          for (int i = 0; i <= 1000; i++) {
            nodes.mkdir(DATA.child("node-" + i));
          }
        },
        quota,
        "MKDIR",
        "quota of nodes (1000 by default)",
        "--entry-nb");
    Permissions many = Permissions.of(SERVER);
    for (int domain = 10; domain < 15; domain++) {
      many = many.granting(new DomainId(domain), Access.READ);
    }
    Permissions six = many;
    expect(() -> nodes.setPermissions(DATA, six), quota, "5 permissions", "--perm-nb");
    expect(
        () -> {
          for (int i = 0; i <= 129; i++) {
            server.watch(DATA, soon());
          }
        },
        likeC ? Errno.E2BIG : Errno.EQUOTA,
        "WATCH",
        "quota of watches (128 by default)",
        "--watch-nb");
    expect(this::nest, quota, "quota of open transactions (10 by default)", "--transaction");
  }

  private void nest() throws IOException {
    server.transact(
        soon(),
        inside -> {
          nest();
          return null;
        });
  }
}
