// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore.fake;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * The tree of the fake store, and what each request does with it: as Xen's C daemon does it ({@code
 * tools/xenstored/core.c}), and in a dialect as oxenstored does it. One request at a time.
 */
final class FakeStore {

  private static final int MAX_NODES = 1000;
  private static final int MAX_NODE_BYTES = 2048;
  private static final int MAX_PERMISSIONS = 5;
  private static final int MAX_PAYLOAD = 4096;

  /** Says no. */
  static final class Refusal extends Exception {

    private static final long serialVersionUID = 1;

    Refusal(String errno) {
      super(errno);
    }
  }

  private final FakeView.Whole whole = new FakeView.Whole(this);
  private final boolean likeOcaml;
  private final Consumer<FakeView.Event> watchers;

  FakeStore(boolean likeOcaml, Consumer<FakeView.Event> watchers) {
    this.likeOcaml = likeOcaml;
    this.watchers = watchers;
    whole.put("/", new FakeNode(new byte[0], List.of("n0"), List.of(), 0));
  }

  FakeView.Whole whole() {
    return whole;
  }

  void fire(FakeView.Event event) {
    watchers.accept(event);
  }

  Refusal quota(String likeC) {
    return new Refusal(likeOcaml ? "EQUOTA" : likeC);
  }

  /** What a request about nodes does; the body of its reply. */
  byte[] handle(int domain, FakeView view, Frame request) throws Refusal {
    List<String> arguments = request.strings();
    if (arguments.isEmpty()) {
      throw new Refusal("EINVAL");
    }
    String path = absolute(domain, arguments.getFirst());
    switch (request.type()) {
      case Frame.READ:
        return find(domain, view, path, FakeNode.READ).value();
      case Frame.DIRECTORY:
        return directory(find(domain, view, path, FakeNode.READ));
      case Frame.DIRECTORY_PART:
        return part(find(domain, view, path, FakeNode.READ), arguments);
      case Frame.GET_PERMS:
        List<String> permissions = find(domain, view, path, FakeNode.READ).permissions();
        return joined(permissions).getBytes(ISO_8859_1);
      case Frame.WRITE:
        write(domain, view, path, valueOf(request));
        break;
      case Frame.MKDIR:
        makeDirectory(domain, view, path);
        break;
      case Frame.RM:
        remove(domain, view, path);
        break;
      case Frame.SET_PERMS:
        setPermissions(domain, view, path, arguments.subList(1, arguments.size()));
        break;
      default:
        throw new Refusal("ENOSYS");
    }
    return "OK\0".getBytes(ISO_8859_1);
  }

  private static byte[] valueOf(Frame request) {
    byte[] body = request.bytes();
    int start = 0;
    while (body[start] != 0) {
      start++;
    }
    return Arrays.copyOfRange(body, start + 1, body.length);
  }

  static String absolute(int domain, String path) throws Refusal {
    if (!path.matches("[A-Za-z0-9/_@-]+") || path.contains("//") || path.length() > 3072) {
      throw new Refusal("EINVAL");
    }
    if (path.endsWith("/") && !path.equals("/")) {
      throw new Refusal("EINVAL");
    }
    return path.startsWith("/") || path.startsWith("@")
        ? path
        : "/local/domain/" + domain + "/" + path;
  }

  private static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash == 0 ? "/" : path.substring(0, slash);
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private static String child(String path, String name) {
    return path.equals("/") ? "/" + name : path + "/" + name;
  }

  private static String joined(List<String> strings) {
    StringBuilder joined = new StringBuilder();
    strings.forEach(each -> joined.append(each).append('\0'));
    return joined.toString();
  }

  private static FakeNode find(int domain, FakeView view, String path, char what) throws Refusal {
    FakeNode node = view.get(path);
    if (node == null) {
      // Only who may do it above is told that there is nothing.
      String above = path;
      FakeNode ancestor;
      do {
        above = parent(above);
        ancestor = view.get(above);
      } while (ancestor == null);
      throw new Refusal(ancestor.allows(domain, what) ? "ENOENT" : "EACCES");
    }
    if (!node.allows(domain, what)) {
      throw new Refusal("EACCES");
    }
    return node;
  }

  private byte[] directory(FakeNode node) throws Refusal {
    byte[] names = joined(node.children()).getBytes(ISO_8859_1);
    // The other one sends any length through its socket, and E2BIG only through a ring.
    if (names.length > MAX_PAYLOAD && !likeOcaml) {
      throw new Refusal("E2BIG");
    }
    return names;
  }

  private byte[] part(FakeNode node, List<String> arguments) throws Refusal {
    if (likeOcaml) {
      throw new Refusal("ENOSYS");
    }
    if (arguments.size() != 2) {
      throw new Refusal("EINVAL");
    }
    String names = joined(node.children());
    String generation = node.generation() + "\0";
    int offset = Integer.parseInt(arguments.get(1));
    if (offset >= names.length()) {
      return (generation + "\0").getBytes(ISO_8859_1);
    }
    int room = MAX_PAYLOAD - generation.length() - 1;
    int end = offset;
    while (end < names.length()) {
      int next = names.indexOf('\0', end) + 1;
      if (next - offset > room) {
        break;
      }
      end = next;
    }
    String part = generation + names.substring(offset, end);
    return (end == names.length() ? part + "\0" : part).getBytes(ISO_8859_1);
  }

  private void write(int domain, FakeView view, String path, byte[] value) throws Refusal {
    if (domain != 0 && value.length > MAX_NODE_BYTES) {
      throw likeOcaml ? new Refusal("E2BIG") : new Refusal("ENOSPC");
    }
    try {
      FakeNode node = find(domain, view, path, FakeNode.WRITE);
      view.put(path, node.withValue(value));
    } catch (Refusal e) {
      if (!"ENOENT".equals(e.getMessage())) {
        throw e;
      }
      create(domain, view, path, value);
    }
    fire(view, path);
  }

  private static void fire(FakeView view, String path) {
    List<String> permissions = view.get(path).permissions();
    view.fire(new FakeView.Event(path, permissions, permissions, false));
  }

  private void create(int domain, FakeView view, String path, byte[] value) throws Refusal {
    List<String> missing = new ArrayList<>();
    String above = path;
    while (view.get(above) == null) {
      missing.addFirst(above);
      above = parent(above);
    }
    if (domain != 0 && owned(domain) + missing.size() > MAX_NODES) {
      throw quota("ENOSPC");
    }
    for (String each : missing) {
      FakeNode parent = view.get(parent(each));
      view.put(parent(each), parent.withChild(name(each)));
      List<String> permissions = new ArrayList<>(parent.permissions());
      if (domain != 0) {
        permissions.set(0, permissions.getFirst().charAt(0) + "" + domain);
      }
      // As if it had been read first, so that a transaction notices if others make it too.
      FakeNode nothing = view.get(each);
      assert nothing == null;
      view.put(each, new FakeNode(new byte[0], permissions, List.of(), 0));
    }
    view.put(path, view.get(path).withValue(value));
  }

  private int owned(int domain) {
    return (int) whole.nodes().values().stream().filter(node -> node.owner() == domain).count();
  }

  private void makeDirectory(int domain, FakeView view, String path) throws Refusal {
    try {
      find(domain, view, path, FakeNode.WRITE);
    } catch (Refusal e) {
      if (!"ENOENT".equals(e.getMessage())) {
        throw e;
      }
      create(domain, view, path, new byte[0]);
      fire(view, path);
    }
  }

  private static void remove(int domain, FakeView view, String path) throws Refusal {
    try {
      find(domain, view, path, FakeNode.WRITE);
    } catch (Refusal e) {
      if ("ENOENT".equals(e.getMessage()) && view.get(parent(path)) != null) {
        return;
      }
      throw e;
    }
    if (path.equals("/")) {
      throw new Refusal("EINVAL");
    }
    String above = parent(path);
    removeTree(view, path, path);
    view.put(above, view.get(above).withoutChild(name(path)));
  }

  private static void removeTree(FakeView view, String path, String root) {
    FakeNode node = view.get(path);
    for (String name : node.children()) {
      removeTree(view, child(path, name), root);
    }
    view.delete(path);
    List<String> permissions = node.permissions();
    // Below the root only those are told who watch the very node.
    view.fire(new FakeView.Event(path, permissions, permissions, !path.equals(root)));
  }

  private void setPermissions(int domain, FakeView view, String path, List<String> permissions)
      throws Refusal {
    if (permissions.isEmpty() || !permissions.stream().allMatch(p -> p.matches("[nrwb][0-9]+"))) {
      throw new Refusal("EINVAL");
    }
    if (domain != 0 && permissions.size() > MAX_PERMISSIONS) {
      throw quota("ENOSPC");
    }
    FakeNode node = find(domain, view, path, FakeNode.WRITE);
    if (domain != 0 && node.owner() != domain) {
      throw new Refusal("EACCES");
    }
    FakeNode changed = node.withPermissions(permissions);
    if (domain != 0 && changed.owner() != domain) {
      throw new Refusal("EPERM");
    }
    view.put(path, changed);
    view.fire(new FakeView.Event(path, node.permissions(), permissions, false));
  }
}
