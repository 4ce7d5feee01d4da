// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.DomainId;
import dev.vchan.xen.xenstore.fake.FakeXenstored;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Nested;

/** The contract against the fake daemon, in both its dialects. */
class FakeContractTest {

  abstract static class WithFake extends XenStoreContract {

    private FakeXenstored daemon;

    abstract FakeXenstored start() throws IOException;

    @Override
    XenStore open() throws IOException {
      daemon = start();
      return XenStore.open(daemon.socket(DomainId.DOM0), soon());
    }

    @Override
    List<String> holdings() {
      return daemon.holdings();
    }

    @Override
    DomainId owner() {
      return RealXenstored.ANY.getLast();
    }

    @Override
    void stop() throws IOException {
      daemon.close();
    }
  }

  @Nested
  class LikeC extends WithFake {
    @Override
    FakeXenstored start() throws IOException {
      return FakeXenstored.likeC();
    }
  }

  @Nested
  class LikeOcaml extends WithFake {
    @Override
    FakeXenstored start() throws IOException {
      return FakeXenstored.likeOcaml();
    }
  }
}
