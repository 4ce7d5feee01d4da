// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.testkit.Case;
import dev.vchan.testkit.ForeignPeer.Dialect;
import dev.vchan.testkit.ForeignPeerContract;
import dev.vchan.testkit.HandshakeContract;
import dev.vchan.testkit.PersistentContract;
import dev.vchan.testkit.PlacementContract;
import java.io.IOException;
import org.junit.jupiter.api.Nested;

/** How channels come to be, and other implementations' peers, between backends in one directory. */
class LocalContractTest {

  static {
    // The descriptors that the JVM opens once are not the first test's.
    Meeting.warmUp();
  }

  @Nested
  class LocalHandshakeTest extends HandshakeContract {
    @Override
    protected Machine newMachine() throws IOException {
      return new LocalMachine();
    }
  }

  @Nested
  class LocalPlacementTest extends PlacementContract {
    @Override
    protected Machine newMachine() throws IOException {
      return new LocalMachine();
    }
  }

  @Nested
  class LocalPersistenceTest extends PersistentContract {
    @Override
    protected Machine newMachine() throws IOException {
      return new LocalMachine();
    }
  }

  @Nested
  @Case("T84")
  class LocalLibxenvchanTest extends ForeignPeerContract {
    LocalLibxenvchanTest() {
      super(Dialect.LIBXENVCHAN);
    }

    @Override
    protected Machine newMachine() throws IOException {
      return new LocalMachine();
    }
  }

  @Nested
  @Case("T85")
  class LocalOcamlTest extends ForeignPeerContract {
    LocalOcamlTest() {
      super(Dialect.OCAML);
    }

    @Override
    protected Machine newMachine() throws IOException {
      return new LocalMachine();
    }
  }

  @Nested
  @Case("T86")
  class LocalQubesTest extends ForeignPeerContract {
    LocalQubesTest() {
      super(Dialect.QUBES);
    }

    @Override
    protected Machine newMachine() throws IOException {
      return new LocalMachine();
    }
  }
}
