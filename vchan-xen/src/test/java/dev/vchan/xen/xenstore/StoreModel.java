// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.testkit.Figures;
import dev.vchan.xen.xenstore.Permissions.Access;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Does the same random work with a daemon and with a map, and compares what each says, also about
 * transactions that are committed and that are given up.
 */
final class StoreModel {

  static final int STEPS = Figures.FULL ? 20_000 : 2_000;

  /** What one node has. */
  private record Entry(String value, Permissions permissions) {}

  private final XenStore store;
  private final StorePath root;
  private final List<DomainId> domains;
  private final long seed;
  private final Random random;
  private TreeMap<String, Entry> model = new TreeMap<>();

  /**
   * Makes one.
   *
   * @param domains who is there: a daemon may know no others
   */
  StoreModel(XenStore store, StorePath root, List<DomainId> domains, long seed) {
    this.store = store;
    this.root = root;
    this.domains = domains;
    this.seed = seed;
    this.random = new Random(seed);
  }

  void run(int steps) throws IOException {
    Nodes nodes = nodes();
    nodes.remove(root);
    nodes.mkdir(root);
    model.put(root.value(), new Entry("", nodes.permissions(root).orElseThrow()));
    for (int step = 0; step < steps; step++) {
      try {
        if (random.nextInt(10) == 0) {
          transact();
        } else {
          work(nodes(), model);
        }
      } catch (IOException | AssertionError e) {
        throw new AssertionError("seed " + seed + ", step " + step, e);
      }
    }
    nodes().remove(root);
  }

  private Nodes nodes() {
    return store.nodes(deadline());
  }

  private static Deadline deadline() {
    return Deadline.after(Duration.ofSeconds(30));
  }

  private void transact() throws IOException {
    boolean commit = random.nextBoolean();
    TreeMap<String, Entry> copy = new TreeMap<>(model);
    int steps = random.nextInt(6);
    XenStore.Transaction<Boolean> work =
        inside -> {
          for (int i = 0; i < steps; i++) {
            work(inside, copy);
          }
          if (!commit) {
            throw new IllegalStateException("given up");
          }
          return true;
        };
    if (commit) {
      store.transact(deadline(), work);
      model = copy;
    } else {
      assertThatThrownBy(() -> store.transact(deadline(), work)).hasMessage("given up");
    }
  }

  private void work(Nodes nodes, TreeMap<String, Entry> now) throws IOException {
    StorePath path = path();
    switch (random.nextInt(8)) {
      case 0, 1 -> {
        String value = Integer.toString(random.nextInt(1000));
        nodes.write(path, value);
        make(now, path.value());
        now.compute(path.value(), (key, old) -> new Entry(value, old.permissions));
      }
      case 2 -> {
        nodes.mkdir(path);
        make(now, path.value());
      }
      case 3 -> {
        nodes.remove(path);
        now.keySet().removeIf(key -> isBelow(key, path.value()));
      }
      case 4 -> setPermissions(nodes, now, path);
      case 5 ->
          assertThat(nodes.list(path).map(TreeSet::new)).isEqualTo(children(now, path.value()));
      case 6 ->
          assertThat(nodes.permissions(path))
              .isEqualTo(Optional.ofNullable(now.get(path.value())).map(Entry::permissions));
      default ->
          assertThat(nodes.read(path))
              .isEqualTo(Optional.ofNullable(now.get(path.value())).map(Entry::value));
    }
  }

  private void setPermissions(Nodes nodes, Map<String, Entry> now, StorePath path)
      throws IOException {
    Access[] accesses = Access.values();
    Permissions permissions = new Permissions(domain(), accesses[random.nextInt(4)], List.of());
    while (random.nextBoolean() && permissions.grants().size() < 4) {
      permissions = permissions.granting(domain(), accesses[random.nextInt(4)]);
    }
    Permissions wanted = permissions;
    if (now.containsKey(path.value())) {
      nodes.setPermissions(path, wanted);
      now.compute(path.value(), (key, old) -> new Entry(old.value, wanted));
    } else {
      assertThatThrownBy(() -> nodes.setPermissions(path, wanted))
          .isInstanceOfSatisfying(
              XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT));
    }
  }

  private DomainId domain() {
    return domains.get(random.nextInt(domains.size()));
  }

  private StorePath path() {
    StorePath path = root.child(Character.toString('a' + random.nextInt(3)));
    while (random.nextBoolean()) {
      path = path.child(Character.toString('a' + random.nextInt(3)));
    }
    return path;
  }

  /** A node that is made has the permissions of the one above; dom0 leaves the owner as it is. */
  private static void make(Map<String, Entry> now, String path) {
    if (!now.containsKey(path)) {
      String parent = path.substring(0, path.lastIndexOf('/'));
      make(now, parent);
      now.put(path, new Entry("", now.get(parent).permissions));
    }
  }

  private static boolean isBelow(String key, String path) {
    return key.equals(path) || key.startsWith(path + "/");
  }

  private static Optional<TreeSet<String>> children(TreeMap<String, Entry> now, String path) {
    if (!now.containsKey(path)) {
      return Optional.empty();
    }
    TreeSet<String> children = new TreeSet<>();
    for (String key : now.keySet()) {
      if (key.startsWith(path + "/")) {
        children.add(key.substring(path.length() + 1).replaceFirst("/.*", ""));
      }
    }
    return Optional.of(children);
  }
}
