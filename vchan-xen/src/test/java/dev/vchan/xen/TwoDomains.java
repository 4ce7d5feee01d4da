// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.testkit.LeakCheck;
import dev.vchan.testkit.Watchdog;
import dev.vchan.xen.xenstore.XenStore;
import dev.vchan.xen.xenstore.fake.FakeXenstored;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Two domains that meet in a fake XenStore, and let go of all of it. */
abstract class TwoDomains {

  static final DomainId SERVER = new DomainId(5);
  static final DomainId CLIENT = new DomainId(6);
  static final DomainId STRANGER = new DomainId(7);
  static final RendezvousPath PATH = RendezvousPath.of(SERVER, CLIENT, new PortName("port"));

  FakeXenstored daemon;
  XenRendezvous server;
  XenRendezvous client;
  private final List<XenStore> stores = new ArrayList<>();
  private LeakCheck leaks;

  @BeforeEach
  void start() throws IOException {
    XenContractTest.warmUp();
    leaks = new LeakCheck();
    daemon = FakeXenstored.likeC();
    server = new XenRendezvous(open(SERVER), SERVER);
    client = new XenRendezvous(open(CLIENT), CLIENT);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
    client.close();
    Watchdog.until(() -> "free of " + daemon.holdings(), () -> daemon.holdings().isEmpty());
    stores.forEach(XenStore::close);
    daemon.close();
    leaks.assertNothingLeft();
  }

  static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(30));
  }

  XenStore open(DomainId domain) throws IOException {
    stores.add(XenStore.open(daemon.socket(domain), soon()));
    return stores.getLast();
  }
}
