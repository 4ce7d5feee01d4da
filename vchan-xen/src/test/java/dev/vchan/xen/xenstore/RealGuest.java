// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.DomainId;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;

/** The contract in a domain that is not dom0, for who is in one: builds do not find it. */
class RealGuest extends XenStoreContract {

  private static RealXenstored daemon;
  private static DomainId self;

  @BeforeAll
  static void findDaemon() throws Exception {
    daemon = RealXenstored.start();
    try (XenStore store = XenStore.open(daemon.place(), soon())) {
      String said = store.nodes(soon()).read(new StorePath("domid")).orElseThrow();
      self = new DomainId(Integer.parseInt(said));
    }
    if (self.equals(DomainId.DOM0)) {
      throw new AssertionError("this is dom0");
    }
  }

  @Override
  DomainId self() {
    return self;
  }

  /** Only dom0 may give a node away. */
  @Override
  DomainId owner() {
    return self;
  }

  @Override
  XenStore open() throws Exception {
    return XenStore.open(daemon.place(), soon());
  }

  /** It does not tell. */
  @Override
  List<String> holdings() {
    return List.of();
  }
}
