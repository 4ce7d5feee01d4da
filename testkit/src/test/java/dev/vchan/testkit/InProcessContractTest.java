// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import dev.vchan.DomainId;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.ForeignPeer.Dialect;
import java.util.List;
import org.junit.jupiter.api.Nested;

/** The backend within one process keeps the contract of every backend. */
class InProcessContractTest {

  @Nested
  class EventsOfOneProcessTest extends EventsContract {
    @Override
    protected Machine newMachine() {
      return new InProcess();
    }
  }

  @Nested
  class MemoryOfOneProcessTest extends MemoryContract {
    @Override
    protected Machine newMachine() {
      return new InProcess();
    }
  }

  @Nested
  class RendezvousOfOneProcessTest extends RendezvousContract {
    @Override
    protected Machine newMachine() {
      return new InProcess();
    }
  }

  @Nested
  class HandshakeInOneProcessTest extends HandshakeContract {
    @Override
    protected Machine newMachine() {
      return new InProcess();
    }
  }

  @Nested
  class PlacementInOneProcessTest extends PlacementContract {
    @Override
    protected Machine newMachine() {
      return new InProcess();
    }
  }

  @Nested
  @Case("T84")
  class LibxenvchanInOneProcessTest extends ForeignPeerContract {
    LibxenvchanInOneProcessTest() {
      super(Dialect.LIBXENVCHAN);
    }

    @Override
    protected Machine newMachine() {
      return new InProcess();
    }
  }

  @Nested
  @Case("T85")
  class OcamlInOneProcessTest extends ForeignPeerContract {
    OcamlInOneProcessTest() {
      super(Dialect.OCAML);
    }

    @Override
    protected Machine newMachine() {
      return new InProcess();
    }
  }

  @Nested
  @Case("T86")
  class QubesInOneProcessTest extends ForeignPeerContract {
    QubesInOneProcessTest() {
      super(Dialect.QUBES);
    }

    @Override
    protected Machine newMachine() {
      return new InProcess();
    }
  }

  @Nested
  class PersistenceInOneProcessTest extends PersistentContract {
    @Override
    protected Machine newMachine() {
      return new InProcess();
    }
  }

  private static final class InProcess implements BackendContract.Machine {

    private final InProcessHost host = new InProcessHost();

    @Override
    public Backend domain(DomainId id) {
      return host.domain(id);
    }

    @Override
    public List<String> leftovers() {
      return host.leftovers();
    }

    @Override
    public void close() {}
  }
}
