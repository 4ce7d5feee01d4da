// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.DomainId;
import dev.vchan.xen.xenstore.fake.FakeXenstored;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random work against a model of it, through the client and the fake daemon. */
class ModelTest extends Leakless {

  @Test
  void randomWorkDoesWhatTheModelSays() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    try (FakeXenstored daemon = FakeXenstored.likeC();
        XenStore one = XenStore.open(daemon.socket(DomainId.DOM0), soon())) {
      new StoreModel(one, new StorePath("/model"), RealXenstored.ANY, seed).run(StoreModel.STEPS);
    }
  }
}
