// SPDX-License-Identifier: Apache-2.0
package dev.vchan.inprocess;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventCounter;
import dev.vchan.spi.Rendezvous;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The store of an {@link InProcessHost}, shared by its domains. */
final class InProcessStore {

  private final Map<RendezvousPath, Entry> entries = new HashMap<>();
  private final List<Eye> eyes = new ArrayList<>();

  /** The store as one domain may use it. */
  Rendezvous of(InProcessHost host, InProcessDomain domain) {
    return new Rendezvous() {
      @Override
      public Registration register(RendezvousPath path, DomainId client) throws IOException {
        host.enter("register");
        return new Entry(host, path, domain, client);
      }

      @Override
      public Watch watch(RendezvousPath path, DomainId server) throws IOException {
        host.enter("watch");
        return new Eye(host, path, server, domain);
      }
    };
  }

  /** What live domains hold. What a killed one published stays, stale, until it is replaced. */
  synchronized void leftovers(List<String> found) {
    entries.values().stream()
        .filter(entry -> entry.owner.isAlive())
        .forEach(entry -> found.add("store: " + entry));
    eyes.stream().filter(eye -> eye.owner.isAlive()).forEach(eye -> found.add("store: " + eye));
  }

  /** Removes what a domain that was destroyed had published, as xenstored does. */
  void forget(InProcessDomain domain) {
    List<RendezvousPath> gone = new ArrayList<>();
    synchronized (this) {
      entries.forEach(
          (path, entry) -> {
            if (entry.owner == domain) {
              gone.add(path);
            }
          });
      gone.forEach(entries::remove);
    }
    gone.forEach(this::changed);
  }

  private synchronized void changed(RendezvousPath path) {
    for (Eye eye : eyes) {
      if (eye.path.equals(path)) {
        eye.changes.signal();
      }
    }
  }

  /** A path that a server holds. */
  private final class Entry implements Rendezvous.Registration {

    private final InProcessHost host;
    private final RendezvousPath path;
    private final InProcessDomain owner;
    private final DomainId client;
    private Optional<Advertisement> published = Optional.empty();

    Entry(InProcessHost host, RendezvousPath path, InProcessDomain owner, DomainId client)
        throws SystemRefusedException {
      this.host = host;
      this.path = path;
      this.owner = owner;
      this.client = client;
      synchronized (InProcessStore.this) {
        Entry other = entries.get(path);
        if (other != null && other.owner.isAlive()) {
          throw new SystemRefusedException(
              path.value(),
              "another server of domain " + other.owner.self() + " listens there",
              "close it or choose another port");
        }
        entries.put(path, this);
      }
    }

    @Override
    public void publish(Advertisement advertisement) throws IOException {
      host.enter("publish");
      set(Optional.of(advertisement));
    }

    @Override
    public void withdraw() throws IOException {
      set(Optional.empty());
      host.enter("withdraw");
    }

    private void set(Optional<Advertisement> advertisement) {
      synchronized (InProcessStore.this) {
        if (entries.get(path) == this) {
          published = advertisement;
        }
      }
      changed(path);
    }

    @Override
    public void close() throws IOException {
      boolean open;
      synchronized (InProcessStore.this) {
        open = entries.remove(path, this);
      }
      if (open) {
        changed(path);
        host.enter("close " + this);
      }
    }

    @Override
    public String toString() {
      return path + " held by domain " + owner.self();
    }
  }

  /** A client's watch. */
  private final class Eye implements Rendezvous.Watch {

    private final InProcessHost host;
    private final RendezvousPath path;
    private final DomainId server;
    private final InProcessDomain owner;
    private final EventCounter changes = new EventCounter();

    Eye(InProcessHost host, RendezvousPath path, DomainId server, InProcessDomain owner) {
      this.host = host;
      this.path = path;
      this.server = server;
      this.owner = owner;
      synchronized (InProcessStore.this) {
        eyes.add(this);
      }
    }

    @Override
    public Optional<Advertisement> look() throws IOException {
      host.enter("look");
      synchronized (InProcessStore.this) {
        Entry entry = entries.get(path);
        if (entry == null
            || !entry.owner.self().equals(server)
            || !entry.client.equals(owner.self())) {
          return Optional.empty();
        }
        return entry.published;
      }
    }

    @Override
    public long changes() {
      return changes.count();
    }

    @Override
    public boolean await(long seen, long timeoutNanos) {
      return changes.await(seen, timeoutNanos);
    }

    @Override
    public void close() throws IOException {
      boolean open;
      synchronized (InProcessStore.this) {
        open = eyes.remove(this);
      }
      changes.signal();
      if (open) {
        host.enter("close " + this);
      }
    }

    @Override
    public String toString() {
      return "watch of " + path + " by domain " + owner.self();
    }
  }
}
