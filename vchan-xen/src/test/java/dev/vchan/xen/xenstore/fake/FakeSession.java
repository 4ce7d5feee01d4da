// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore.fake;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One connection to the fake daemon: its watches and its transactions. */
final class FakeSession {

  private static final int MAX_TRANSACTIONS = 10;
  private static final int MAX_WATCHES = 128;

  /** What is watched, as it was given and in full, and the client's name for it. */
  private record Watch(String given, String path, String token) {

    boolean matches(FakeView.Event event) {
      return event.exact()
          ? event.path().equals(path)
          : path.equals("/") || event.path().equals(path) || event.path().startsWith(path + "/");
    }

    /** The path as the client would write it. */
    String told(String changed) {
      return given.equals(path) ? changed : changed.substring(path.length() - given.length());
    }
  }

  private final FakeXenstored daemon;
  private final int domain;
  private final SocketChannel channel;
  private final OutputStream out;
  private final List<Watch> watches = new ArrayList<>();
  private final Map<Integer, FakeView.Transaction> transactions = new LinkedHashMap<>();
  private int lastTransaction;

  FakeSession(FakeXenstored daemon, int domain, SocketChannel channel) {
    this.daemon = daemon;
    this.domain = domain;
    this.channel = channel;
    this.out = Channels.newOutputStream(channel);
  }

  void serve() {
    try (channel) {
      InputStream in = new BufferedInputStream(Channels.newInputStream(channel));
      for (Frame request = Frame.read(in); request != null; request = Frame.read(in)) {
        synchronized (daemon) {
          daemon.log(request);
          answer(request);
        }
      }
    } catch (IOException e) {
      // The client, or the daemon, has hung up; or a test tampers with it.
    } finally {
      daemon.gone(this);
    }
  }

  void hangUp() throws IOException {
    channel.close();
  }

  private void answer(Frame request) throws IOException {
    try {
      switch (request.type()) {
        case Frame.WATCH -> watch(request);
        case Frame.UNWATCH -> unwatch(request);
        case Frame.TRANSACTION_START -> start(request);
        case Frame.TRANSACTION_END -> end(request);
        // Dom0 alone is there, as with a daemon to which no domain was introduced.
        case Frame.IS_DOMAIN_INTRODUCED ->
            send(request.reply(request.type(), request.strings().get(0).equals("0") ? "T|" : "F|"));
        case Frame.GET_DOMAIN_PATH ->
            send(request.reply(request.type(), "/local/domain/" + request.strings().get(0) + "|"));
        default -> {
          byte[] body = daemon.store().handle(domain, view(request), request);
          send(request.reply(request.type(), body));
        }
      }
    } catch (FakeStore.Refusal e) {
      send(request.reply(Frame.ERROR, e.getMessage() + "|"));
    }
  }

  private void send(Frame frame) throws IOException {
    daemon.tamper().send(frame, out);
  }

  private FakeView view(Frame request) throws FakeStore.Refusal {
    return request.transaction() == 0 ? daemon.store().whole() : transaction(request.transaction());
  }

  private FakeView.Transaction transaction(int id) throws FakeStore.Refusal {
    FakeView.Transaction found = transactions.get(id);
    if (found == null) {
      throw new FakeStore.Refusal("ENOENT");
    }
    return found;
  }

  private Watch parse(Frame request) throws FakeStore.Refusal {
    List<String> arguments = request.strings();
    if (arguments.size() != 2) {
      throw new FakeStore.Refusal("EINVAL");
    }
    String given = arguments.getFirst();
    return new Watch(given, FakeStore.absolute(domain, given), arguments.get(1));
  }

  private void watch(Frame request) throws FakeStore.Refusal, IOException {
    Watch watch = parse(request);
    if (watches.contains(watch)) {
      throw new FakeStore.Refusal("EEXIST");
    }
    if (domain != 0 && watches.size() > MAX_WATCHES) {
      throw daemon.store().quota("E2BIG");
    }
    watches.add(watch);
    send(request.reply(Frame.WATCH, "OK|"));
    send(event(watch, watch.path()));
  }

  private void unwatch(Frame request) throws FakeStore.Refusal, IOException {
    if (!watches.remove(parse(request))) {
      throw new FakeStore.Refusal("ENOENT");
    }
    send(request.reply(Frame.UNWATCH, "OK|"));
  }

  private static Frame event(Watch watch, String changed) {
    return Frame.of(Frame.WATCH_EVENT, 0, 0, watch.told(changed) + "|" + watch.token() + "|");
  }

  private void start(Frame request) throws FakeStore.Refusal, IOException {
    if (domain != 0 && transactions.size() > MAX_TRANSACTIONS) {
      throw daemon.store().quota("ENOSPC");
    }
    lastTransaction++;
    transactions.put(lastTransaction, new FakeView.Transaction(daemon.store().whole()));
    send(request.reply(Frame.TRANSACTION_START, lastTransaction + "|"));
  }

  private void end(Frame request) throws FakeStore.Refusal, IOException {
    FakeView.Transaction transaction = transaction(request.transaction());
    transactions.remove(request.transaction());
    boolean wanted = request.text().equals("T\0");
    if (wanted && (daemon.conflict() || !transaction.commit())) {
      throw new FakeStore.Refusal("EAGAIN");
    }
    send(request.reply(Frame.TRANSACTION_END, "OK|"));
  }

  /** Tells who watches, if it may read the node or the one above. */
  void fire(FakeView.Event event) {
    if (!mayKnow(event)) {
      return;
    }
    for (Watch watch : List.copyOf(watches)) {
      if (watch.matches(event)) {
        try {
          send(event(watch, event.path()));
        } catch (IOException e) {
          // Its own thread will notice that it has gone.
          return;
        }
      }
    }
  }

  private boolean mayKnow(FakeView.Event event) {
    if (FakeNode.allows(event.oldPermissions(), domain, FakeNode.READ)
        || FakeNode.allows(event.permissions(), domain, FakeNode.READ)) {
      return true;
    }
    int slash = event.path().lastIndexOf('/');
    FakeNode parent =
        daemon.store().whole().get(slash <= 0 ? "/" : event.path().substring(0, slash));
    return parent != null && parent.allows(domain, FakeNode.READ);
  }

  List<String> holdings() {
    List<String> holdings = new ArrayList<>();
    watches.forEach(watch -> holdings.add("domain " + domain + ": " + watch));
    transactions.keySet().forEach(id -> holdings.add("domain " + domain + ": transaction " + id));
    return holdings;
  }

  @Override
  public String toString() {
    return "session of domain " + domain + " with " + holdings();
  }
}
