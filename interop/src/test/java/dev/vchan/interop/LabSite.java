// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.testkit.ends.Role;
import dev.vchan.xen.XenBackend;
import dev.vchan.xen.xenstore.StorePath;
import dev.vchan.xen.xenstore.StoreWatch;
import dev.vchan.xen.xenstore.XenStore;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * One of the lab's two domains, seen from inside. They leave word for each other in domU's part of
 * XenStore, where both may write.
 *
 * @param domU the domain that is not dom0
 */
record LabSite(XenBackend backend, XenStore store, DomainId domU) implements Closeable {

  /** The other domain's turn of a step may only begin when this one has given up on the last. */
  static final Duration PATIENCE = Duration.ofMinutes(3);

  private static final int LONGEST_REPORT = 300;

  private static final Path PEER = Path.of("/bin/vchan-peer");

  /**
   * Opens all that is needed.
   *
   * @param words in dom0 begin with the number of domU
   */
  static LabSite open(String[] words) throws IOException {
    // Two JVMs load and link at the same time on one emulated processor.
    Deadline deadline = Deadline.after(PATIENCE);
    XenStore store = XenStore.open(deadline);
    XenBackend backend = XenBackend.open(deadline);
    DomainId self = backend.self();
    DomainId domU = self.equals(DomainId.DOM0) ? new DomainId(Integer.parseInt(words[0])) : self;
    return new LabSite(backend, store, domU);
  }

  boolean isDom0() {
    return backend.self().equals(DomainId.DOM0);
  }

  DomainId other() {
    return isDom0() ? domU : DomainId.DOM0;
  }

  RendezvousPath path(Role own, String port) {
    DomainId server = own == Role.SERVER ? backend.self() : other();
    return RendezvousPath.of(server, own == Role.SERVER ? other() : backend.self(), name(port));
  }

  static PortName name(String port) {
    return new PortName(port);
  }

  CPeer startPeer() throws IOException {
    return CPeer.start(PEER);
  }

  /** Where something is said of what domU does. */
  StorePath reportNode(String what) {
    return new StorePath("/local/domain/" + domU + "/data/lab/" + what);
  }

  /** Leaves word for the other domain, of how something ended in domU for instance. */
  void report(String what, String verdict) throws IOException {
    String line = verdict.lines().findFirst().orElse("").replaceAll("[^ -~]", "?");
    store
        .nodes(Hub.soon())
        .write(reportNode(what), line.substring(0, Math.min(line.length(), LONGEST_REPORT)));
  }

  /** Waits for the other domain's word; one that does not come is an answer, too. */
  String awaitReport(String what) throws IOException {
    return awaitReport(what, PATIENCE);
  }

  String awaitReport(String what, Duration patience) throws IOException {
    StorePath node = reportNode(what);
    Deadline deadline = Deadline.after(patience);
    try (StoreWatch watch = store.watch(node, Hub.soon())) {
      while (true) {
        long seen = watch.changes();
        Optional<String> found = store.nodes(Hub.soon()).read(node);
        if (found.isPresent()) {
          return found.get();
        }
        if (!watch.await(seen, deadline.remainingNanos())) {
          return "domain " + other() + " has not said how it went within " + patience;
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    backend.close();
    store.close();
  }
}
