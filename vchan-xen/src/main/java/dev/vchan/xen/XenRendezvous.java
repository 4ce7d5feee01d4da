// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Rendezvous;
import dev.vchan.xen.xenstore.StorePath;
import dev.vchan.xen.xenstore.XenStore;
import dev.vchan.xen.xenstore.XenStoreRefusedException;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Advertisements in XenStore: two leaves below the path, which only the server may write and only
 * its client may read, written and read in one transaction each.
 *
 * <p>A path is held against others of this JVM. Whether a process of the same domain that left its
 * leaves there is alive cannot be seen in XenStore; they are written over, as libxenvchan does.
 */
final class XenRendezvous implements Rendezvous, Closeable {

  /** XenStore answers in less than a millisecond, or something is wrong. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Domain and path of every registration of this JVM. Guarded by itself. */
  private static final Set<String> HELD = new HashSet<>();

  private final XenStore store;
  private final DomainId self;

  /** Registrations and watches. Guarded by this object, as is all below. */
  private final Set<Closeable> open = new HashSet<>();

  private boolean closed;

  /**
   * Makes a rendezvous.
   *
   * @param store used as long as this is open, and closed by the caller after it
   * @param self the domain that the store takes this one for
   */
  XenRendezvous(XenStore store, DomainId self) {
    this.store = store;
    this.self = self;
  }

  /** What XenStore says that this domain is; nothing in dom0, where nobody may have written it. */
  static Optional<DomainId> ownDomain(XenStore store, Deadline deadline) throws IOException {
    Optional<String> said = store.nodes(deadline).read(new StorePath("domid"));
    try {
      return said.map(number -> new DomainId(Integer.parseInt(number.strip())));
    } catch (IllegalArgumentException e) {
      throw new SystemRefusedException(
          "XenStore's domid",
          "is \"" + said.orElseThrow() + '"',
          "let the toolstack write the number of this domain");
    }
  }

  /**
   * Whether XenStore says nothing else of this domain than when the backend was opened. A domain
   * that was migrated has another number, and no port or page of before.
   */
  boolean isStillHere(Deadline deadline) throws IOException {
    try {
      return ownDomain(store, deadline).orElse(self).equals(self);
    } catch (SystemRefusedException e) {
      return false;
    }
  }

  @Override
  public Registration register(RendezvousPath path, DomainId client) throws IOException {
    checkOther(client);
    synchronized (HELD) {
      if (!HELD.add(held(path))) {
        throw new SystemRefusedException(
            path.value(),
            "another server of this process listens there",
            "close it or choose another port");
      }
    }
    XenRegistration registration = new XenRegistration(this, path, client);
    try {
      add(registration);
      return registration;
    } catch (IOException e) {
      release(path);
      throw e;
    }
  }

  /** Before any device is touched: both sides of a channel begin here. */
  private void checkOther(DomainId peer) throws IOException {
    if (peer.equals(self)) {
      throw new SystemRefusedException(
          "domain " + peer,
          "is this domain itself, and a vchan on Xen joins two",
          "name the other domain, or use the backend between processes of one machine");
    }
    if (!isStillHere(patience())) {
      throw new SystemRefusedException(
          "domain " + self,
          "is not any more what XenStore says of this domain: it was migrated",
          "open another backend");
    }
  }

  private String held(RendezvousPath path) {
    return self + " " + path;
  }

  /** A registration gives up its path. */
  void release(RendezvousPath path) {
    synchronized (HELD) {
      HELD.remove(held(path));
    }
  }

  @Override
  public Watch watch(RendezvousPath path, DomainId server) throws IOException {
    checkOther(server);
    StorePath node = new StorePath(path.value());
    XenWatch watch = new XenWatch(this, node, server);
    try {
      add(watch);
      return watch;
    } catch (IOException e) {
      watch.close();
      throw e;
    }
  }

  private synchronized void add(Closeable opened) throws IOException {
    if (closed) {
      throw new IOException("the backend is closed");
    }
    open.add(opened);
  }

  synchronized void closed(Closeable gone) {
    open.remove(gone);
  }

  /** Closes what is still open: advertisements are withdrawn, and watches end. Idempotent. */
  @Override
  public void close() throws IOException {
    List<Closeable> rest;
    synchronized (this) {
      closed = true;
      rest = List.copyOf(open);
    }
    Closing.all(rest);
  }

  /** Where a server advertises a port, as a client that is still watching for it has seen. */
  synchronized Optional<StorePath> leafOf(DomainId server, EventPort port) {
    return open.stream()
        .filter(XenWatch.class::isInstance)
        .map(XenWatch.class::cast)
        .flatMap(watch -> watch.leafOf(server, port).stream())
        .findFirst();
  }

  XenStore store() {
    return store;
  }

  DomainId self() {
    return self;
  }

  static Deadline patience() {
    return Deadline.after(PATIENCE);
  }

  /** The same in the terms of backends. */
  static SystemRefusedException refused(XenStoreRefusedException cause) {
    SystemRefusedException refused =
        new SystemRefusedException(
            cause.resource(), "XenStore says " + cause.errno(), cause.remedy());
    refused.initCause(cause);
    return refused;
  }
}
