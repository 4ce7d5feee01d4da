// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Rendezvous;
import dev.vchan.xen.xenstore.Nodes;
import dev.vchan.xen.xenstore.Permissions;
import dev.vchan.xen.xenstore.Permissions.Access;
import dev.vchan.xen.xenstore.StorePath;
import dev.vchan.xen.xenstore.XenStoreRefusedException;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A server's hold on a path: two leaves while something is advertised. */
final class XenRegistration implements Rendezvous.Registration {

  private final XenRendezvous rendezvous;
  private final RendezvousPath path;
  private final StorePath node;
  private final StorePath ringRef;
  private final StorePath eventChannel;
  private final Permissions permissions;

  /** What may stand there: after a timeout that is not known for certain. */
  private final Set<Advertisement> published = new HashSet<>();

  private boolean closed;

  XenRegistration(XenRendezvous rendezvous, RendezvousPath path, DomainId client) {
    this.rendezvous = rendezvous;
    this.path = path;
    this.node = new StorePath(path.value());
    this.ringRef = node.child(Advertisement.RING_REF);
    this.eventChannel = node.child(Advertisement.EVENT_CHANNEL);
    this.permissions = Permissions.of(rendezvous.self()).granting(client, Access.READ);
  }

  @Override
  public synchronized void publish(Advertisement advertisement) throws IOException {
    if (closed) {
      throw new IOException(path + " has been given up");
    }
    boolean isNew = published.add(advertisement);
    try {
      rendezvous.store().transact(XenRendezvous.patience(), nodes -> write(nodes, advertisement));
      published.retainAll(Set.of(advertisement));
    } catch (XenStoreRefusedException e) {
      if (isNew) {
        published.remove(advertisement);
      }
      throw XenRendezvous.refused(e);
    }
  }

  /** In the order of libxenvchan, each value with its permissions before the next. */
  private Advertisement write(Nodes nodes, Advertisement advertisement) throws IOException {
    nodes.write(ringRef, advertisement.ringRef().toString());
    nodes.setPermissions(ringRef, permissions);
    nodes.write(eventChannel, advertisement.eventChannel().toString());
    nodes.setPermissions(eventChannel, permissions);
    return advertisement;
  }

  @Override
  public synchronized void withdraw() throws IOException {
    if (published.isEmpty()) {
      return;
    }
    try {
      Uninterrupted.run(() -> rendezvous.store().transact(XenRendezvous.patience(), this::remove));
      published.clear();
    } catch (XenStoreRefusedException e) {
      throw XenRendezvous.refused(e);
    }
  }

  /** What another server has written there meanwhile stays. */
  private Optional<Advertisement> remove(Nodes nodes) throws IOException {
    Optional<Advertisement> found = XenWatch.read(nodes, node);
    if (found.filter(published::contains).isPresent()) {
      nodes.remove(node);
      for (StorePath above : ownDirectories()) {
        if (!nodes.list(above).equals(Optional.of(List.of()))) {
          break;
        }
        nodes.remove(above);
      }
    }
    return found;
  }

  /** What only vchans use, from below: {@code vchan/<client>} and {@code vchan}. */
  private List<StorePath> ownDirectories() {
    String value = path.value();
    String directory = "/local/domain/" + rendezvous.self() + "/data/vchan";
    if (!value.matches(directory + "/[0-9]+/[^/]+")) {
      return List.of();
    }
    return List.of(
        new StorePath(value.substring(0, value.lastIndexOf('/'))), new StorePath(directory));
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      withdraw();
    } finally {
      rendezvous.closed(this);
      rendezvous.release(path);
    }
  }
}
