// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.BackendContract.Machine;
import dev.vchan.testkit.Watchdog;
import dev.vchan.xen.xenstore.XenStore;
import dev.vchan.xen.xenstore.fake.FakeXenstored;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Domains with pages and events of this JVM, which meet in a fake XenStore. */
final class FakeXenMachine implements Machine {

  private final InProcessHost host = new InProcessHost();
  private final FakeXenstored daemon = FakeXenstored.likeC();

  FakeXenMachine() throws IOException {}

  @Override
  public Backend domain(DomainId id) throws IOException {
    Deadline soon = Deadline.after(Duration.ofSeconds(30));
    return new MeetingDomain(host.domain(id), XenStore.open(daemon.socket(id), soon));
  }

  /** Also what is in the store below what each domain is given. */
  @Override
  public List<String> leftovers() {
    List<String> found = new ArrayList<>(host.leftovers());
    found.addAll(daemon.nodesBelow("vchan"));
    if (!found.isEmpty()) {
      return found;
    }
    // Watches are given back without waiting for the daemon.
    Watchdog.until(() -> "free of " + daemon.holdings(), () -> daemon.holdings().isEmpty());
    return found;
  }

  @Override
  public void close() throws IOException {
    daemon.close();
  }
}
