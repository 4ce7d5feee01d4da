// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.DomainId;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Rendezvous;
import dev.vchan.xen.xenstore.Errno;
import dev.vchan.xen.xenstore.Nodes;
import dev.vchan.xen.xenstore.StorePath;
import dev.vchan.xen.xenstore.StoreWatch;
import dev.vchan.xen.xenstore.XenStoreRefusedException;
import java.io.IOException;
import java.util.Optional;

/** A client's eye on a path. */
final class XenWatch implements Rendezvous.Watch {

  private final XenRendezvous rendezvous;
  private final StorePath node;
  private final DomainId server;
  private final StoreWatch watch;
  private volatile Optional<Advertisement> seen = Optional.empty();

  XenWatch(XenRendezvous rendezvous, StorePath node, DomainId server) throws IOException {
    this.rendezvous = rendezvous;
    this.node = node;
    this.server = server;
    try {
      // The leaf, since a client may not read what is above, and is not told of it.
      watch =
          rendezvous
              .store()
              .watch(node.child(Advertisement.EVENT_CHANNEL), XenRendezvous.patience());
    } catch (XenStoreRefusedException e) {
      throw XenRendezvous.refused(e);
    }
  }

  @Override
  public Optional<Advertisement> look() throws IOException {
    try {
      seen = rendezvous.store().transact(XenRendezvous.patience(), nodes -> read(nodes, node));
      return seen;
    } catch (XenStoreRefusedException e) {
      if (e.errno() == Errno.EAGAIN) {
        // A server that never stops changing it advertises nothing; its next change wakes us.
        return Optional.empty();
      }
      throw XenRendezvous.refused(e);
    }
  }

  /** What stands at a path; a leaf that may not be read is taken for one that is not there. */
  static Optional<Advertisement> read(Nodes nodes, StorePath node) throws IOException {
    try {
      // A client that waits finds this missing, and asks for nothing more.
      Optional<String> port = nodes.read(node.child(Advertisement.EVENT_CHANNEL));
      Optional<String> ref = port.isEmpty() ? port : nodes.read(node.child(Advertisement.RING_REF));
      return ref.flatMap(text -> Advertisement.parse(text, port.orElseThrow()));
    } catch (XenStoreRefusedException e) {
      if (e.errno() == Errno.EACCES) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** The leaf in which a port was advertised, if it is the one that was seen last. */
  Optional<StorePath> leafOf(DomainId domain, EventPort port) {
    return seen.filter(found -> server.equals(domain) && found.eventChannel().equals(port))
        .map(found -> node.child(Advertisement.EVENT_CHANNEL));
  }

  @Override
  public long changes() {
    return watch.changes();
  }

  @Override
  public boolean await(long seen, long timeoutNanos) {
    return watch.await(seen, timeoutNanos);
  }

  @Override
  public void close() {
    watch.close();
    rendezvous.closed(this);
  }
}
