// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore.fake;

import dev.vchan.DomainId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A xenstored in this JVM, with a socket for each domain: tree, permissions, transactions with
 * conflicts, watches and quotas as the real one has them. It can be told to lie.
 */
public final class FakeXenstored implements AutoCloseable {

  private final Path directory;
  private final FakeStore store;

  /** Guarded by this object, as is all below. */
  private final Map<Integer, ServerSocketChannel> doors = new TreeMap<>();

  private final List<FakeSession> sessions = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final List<Frame> requests = new ArrayList<>();
  private Tamper tamper = Tamper.HONEST;
  private int conflicts;
  private boolean closed;

  private FakeXenstored(boolean likeOcaml) throws IOException {
    directory = Files.createTempDirectory("xs");
    store = new FakeStore(likeOcaml, this::fire);
    put("/local/domain", List.of("n0"));
  }

  /** One that behaves as the C daemon. */
  public static FakeXenstored likeC() throws IOException {
    return new FakeXenstored(false);
  }

  /** One that has oxenstored's names for quotas, and lists everything at once. */
  public static FakeXenstored likeOcaml() throws IOException {
    return new FakeXenstored(true);
  }

  /** Where a domain finds this daemon; the domain is there from then on. */
  public synchronized Path socket(DomainId domain) throws IOException {
    Path path = directory.resolve(domain.toString());
    if (!doors.containsKey(domain.value())) {
      // What xl makes for a domain that vchans need.
      put("/local/domain/" + domain, List.of("n0", "r" + domain));
      put("/local/domain/" + domain + "/data", List.of("n" + domain));
      ServerSocketChannel door = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      door.bind(UnixDomainSocketAddress.of(path));
      doors.put(domain.value(), door);
      start("accept-" + domain, () -> accept(domain.value(), door));
    }
    return path;
  }

  /** Makes a node as dom0. */
  public synchronized void put(String path, List<String> permissions) {
    try {
      Frame made = Frame.of(Frame.MKDIR, 0, 0, path + "|");
      store.handle(0, store.whole(), made);
      Frame given = Frame.of(Frame.SET_PERMS, 0, 0, path + "|" + String.join("|", permissions));
      store.handle(0, store.whole(), given);
    } catch (FakeStore.Refusal e) {
      throw new AssertionError(path, e);
    }
  }

  /** Writes a node as dom0. */
  public synchronized void write(String path, String value) {
    try {
      store.handle(0, store.whole(), Frame.of(Frame.WRITE, 0, 0, path + "|" + value));
    } catch (FakeStore.Refusal e) {
      throw new AssertionError(path, e);
    }
  }

  private void start(String name, Runnable work) {
    Thread thread = Thread.ofPlatform().daemon().name("test-xenstored-" + name).unstarted(work);
    threads.add(thread);
    thread.start();
  }

  private void accept(int domain, ServerSocketChannel door) {
    try {
      for (; ; ) {
        SocketChannel come = door.accept();
        synchronized (this) {
          if (closed) {
            come.close();
            return;
          }
          FakeSession session = new FakeSession(this, domain, come);
          sessions.add(session);
          start("session-" + domain, session::serve);
        }
      }
    } catch (ClosedChannelException e) {
      // Closed with the daemon.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** From now on everything that is sent goes through this. */
  public synchronized void tamper(Tamper how) {
    tamper = how;
  }

  synchronized Tamper tamper() {
    return tamper;
  }

  /** The next transactions that would be committed meet a conflict. */
  public synchronized void conflictNext(int count) {
    conflicts = count;
  }

  synchronized boolean conflict() {
    if (conflicts == 0) {
      return false;
    }
    conflicts--;
    return true;
  }

  /** Every request so far. */
  public synchronized List<Frame> requests() {
    return List.copyOf(requests);
  }

  /** How many requests of a type came so far. */
  public long count(int type) {
    return requests().stream().filter(frame -> frame.type() == type).count();
  }

  synchronized void log(Frame request) {
    requests.add(request);
  }

  FakeStore store() {
    return store;
  }

  private synchronized void fire(FakeView.Event event) {
    sessions.forEach(session -> session.fire(event));
  }

  synchronized void gone(FakeSession session) {
    sessions.remove(session);
  }

  /** Ends all connections, as a daemon that is killed. */
  public void hangUp() throws IOException {
    List<FakeSession> rest;
    synchronized (this) {
      rest = List.copyOf(sessions);
    }
    for (FakeSession session : rest) {
      session.hangUp();
    }
  }

  /** Every node that has an element of this name in its path. */
  public synchronized List<String> nodesBelow(String element) {
    return store.whole().nodes().keySet().stream()
        .filter(path -> (path + "/").contains("/" + element + "/"))
        .sorted()
        .toList();
  }

  /** Connections, watches and transactions that clients have. */
  public synchronized List<String> leftovers() {
    return sessions.stream().map(FakeSession::toString).toList();
  }

  /** Watches and transactions that clients have. */
  public synchronized List<String> holdings() {
    return sessions.stream().flatMap(session -> session.holdings().stream()).toList();
  }

  @Override
  public void close() throws IOException {
    List<Thread> running;
    synchronized (this) {
      closed = true;
      for (ServerSocketChannel door : doors.values()) {
        door.close();
      }
      running = List.copyOf(threads);
    }
    hangUp();
    for (Thread thread : running) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException(e);
      }
    }
    for (int domain : doors.keySet()) {
      Files.delete(directory.resolve(Integer.toString(domain)));
    }
    Files.delete(directory);
  }
}
