// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.RendezvousContract;
import dev.vchan.xen.xenstore.RealXenstored;
import dev.vchan.xen.xenstore.StorePath;
import dev.vchan.xen.xenstore.XenStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * The rendezvous in a real XenStore. Everybody comes through its socket, and so as dom0, which may
 * read and write everything: who may not is the fake one's subject.
 */
class RealXenRendezvousTest extends RendezvousContract {

  private static RealXenstored daemon;

  @BeforeAll
  static void startDaemon() throws Exception {
    XenContractTest.warmUp();
    daemon = RealXenstored.start();
  }

  @AfterAll
  static void stopDaemon() throws Exception {
    if (daemon != null) {
      daemon.close();
    }
  }

  @Override
  protected Machine newMachine() throws IOException {
    return new RealMachine();
  }

  private static final class RealMachine implements Machine {

    private final InProcessHost host = new InProcessHost();

    @Override
    public Backend domain(DomainId id) throws IOException {
      return new MeetingDomain(host.domain(id), XenStore.open(daemon.place(), soon()));
    }

    @Override
    public List<String> leftovers() throws IOException {
      List<String> found = new ArrayList<>(host.leftovers());
      try (XenStore store = XenStore.open(daemon.place(), soon())) {
        StorePath home = store.domainPath(SERVER, soon());
        store
            .nodes(soon())
            .list(home.child("data"))
            .ifPresent(names -> names.forEach(name -> found.add(home + "/data/" + name)));
      }
      return found;
    }

    private static Deadline soon() {
      return Deadline.after(Duration.ofSeconds(30));
    }

    @Override
    public void close() {}
  }
}
