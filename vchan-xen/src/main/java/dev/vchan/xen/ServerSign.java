// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.DomainId;
import dev.vchan.spi.EventPort;
import dev.vchan.xen.xenstore.Errno;
import dev.vchan.xen.xenstore.Nodes;
import dev.vchan.xen.xenstore.Permissions;
import dev.vchan.xen.xenstore.Permissions.Access;
import dev.vchan.xen.xenstore.StorePath;
import dev.vchan.xen.xenstore.XenStore;
import dev.vchan.xen.xenstore.XenStoreRefusedException;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a client sees of its server's domain. The hypervisor knows a destroyed domain as long as we
 * map its pages, and xenstored answers dom0 alone; but what a domain left in XenStore goes with it.
 *
 * <p>A server of ours therefore leaves a node for each port that a client other than dom0 may bind,
 * from before it advertises the port until it closes it. One of libxenvchan leaves what it has
 * advertised. Others take that back when their client comes, so that it counts only if it was still
 * there at an earlier look, when a first look period had ended.
 */
final class ServerSign implements Sign {

  private final XenStore store;
  private final StorePath open;
  private final Optional<StorePath> advertised;

  /** What has been seen, and goes only with its domain. Guarded by this object. */
  private @Nullable StorePath seen;

  /** For a client that connects, and still watches the path where it has found the port. */
  ServerSign(XenRendezvous rendezvous, DomainId server, EventPort port) {
    this.store = rendezvous.store();
    this.open = node(server, port);
    this.advertised = rendezvous.leafOf(server, port);
  }

  @Override
  public synchronized void begin() throws IOException {
    if (isReadable(open)) {
      seen = open;
    }
  }

  /** For a server, which leaves one. */
  static void leave(XenRendezvous rendezvous, DomainId client, EventPort own) throws IOException {
    StorePath node = node(rendezvous.self(), own);
    Nodes nodes = rendezvous.store().nodes(XenRendezvous.patience());
    try {
      nodes.write(node, "");
      nodes.setPermissions(node, Permissions.of(rendezvous.self()).granting(client, Access.READ));
    } catch (XenStoreRefusedException e) {
      throw XenRendezvous.refused(e);
    }
  }

  /** For the same server, before it gives the port back, whose number may be another's at once. */
  static void takeBack(XenRendezvous rendezvous, EventPort own) throws IOException {
    StorePath node = node(rendezvous.self(), own);
    Uninterrupted.run(() -> rendezvous.store().nodes(XenRendezvous.patience()).remove(node));
  }

  /** Not below a directory of its own, which would have to be taken back as well. */
  private static StorePath node(DomainId server, EventPort port) {
    return new StorePath("/local/domain/" + server + "/data/vchan-open-" + port);
  }

  @Override
  public synchronized boolean isThere() throws IOException {
    if (seen != null) {
      return isReadable(seen);
    }
    if (isReadable(open)) {
      seen = open;
    } else if (advertised.isPresent() && isReadable(advertised.get())) {
      seen = advertised.get();
    }
    return true;
  }

  /** A node that is gone cannot be told from one that may not be read. */
  private boolean isReadable(StorePath node) throws IOException {
    try {
      return store.nodes(XenEvents.patience()).read(node).isPresent();
    } catch (XenStoreRefusedException e) {
      if (e.errno() != Errno.EACCES) {
        throw e;
      }
      return false;
    }
  }

  @Override
  public void close() {}
}
