// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.DomainId;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The contract, and the model, against a real daemon. */
class RealXenstoredTest extends XenStoreContract {

  private static RealXenstored daemon;

  @BeforeAll
  static void startDaemon() throws Exception {
    daemon = RealXenstored.start();
  }

  @AfterAll
  static void stopDaemon() throws Exception {
    if (daemon != null) {
      daemon.close();
    }
  }

  @Override
  XenStore open() throws Exception {
    return XenStore.open(daemon.place(), soon());
  }

  @Override
  DomainId owner() {
    return RealXenstored.domains().getLast();
  }

  /** oxenstored sends a list whole or not at all, and Linux takes no reply of over 4096 bytes. */
  @Override
  boolean listsInParts() {
    return !(RealXenstored.isOxenstored() && daemon.place().startsWith("/dev"));
  }

  /** It does not tell; what it would keep shows with the fake one. */
  @Override
  List<String> holdings() {
    return List.of();
  }

  @Test
  void randomWorkDoesWhatTheModelSays() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    try (XenStore store = open()) {
      new StoreModel(store, new StorePath("/model"), RealXenstored.domains(), seed)
          .run(RealXenstored.steps());
    }
  }
}
