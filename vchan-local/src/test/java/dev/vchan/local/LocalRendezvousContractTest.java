// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.testkit.RendezvousContract;
import java.io.IOException;

/** The contract of {@link dev.vchan.spi.Rendezvous} between backends in one directory. */
class LocalRendezvousContractTest extends RendezvousContract {

  static {
    Meeting.warmUp();
  }

  @Override
  protected Machine newMachine() throws IOException {
    return new LocalMachine();
  }
}
