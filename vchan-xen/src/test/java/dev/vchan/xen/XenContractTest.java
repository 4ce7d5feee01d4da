// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.testkit.HandshakeContract;
import dev.vchan.testkit.PersistentContract;
import dev.vchan.testkit.RendezvousContract;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import org.junit.jupiter.api.Nested;

/** What every backend does, with the rendezvous in a fake XenStore. */
class XenContractTest {

  static {
    // The descriptors that the JVM opens once are not the first test's.
    try {
      Files.delete(Files.createTempFile("xs", "warm"));
      SocketChannel.open(StandardProtocolFamily.UNIX).close();
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** To be called before descriptors are counted for the first time. */
  static void warmUp() {}

  @Nested
  class XenRendezvousTest extends RendezvousContract {
    @Override
    protected Machine newMachine() throws IOException {
      return new FakeXenMachine();
    }
  }

  @Nested
  class XenHandshakeTest extends HandshakeContract {
    @Override
    protected Machine newMachine() throws IOException {
      return new FakeXenMachine();
    }

    @Override
    protected boolean joinsADomainWithItself() {
      return false;
    }
  }

  @Nested
  class XenPersistenceTest extends PersistentContract {
    @Override
    protected Machine newMachine() throws IOException {
      return new FakeXenMachine();
    }
  }
}
