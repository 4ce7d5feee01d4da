// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.testkit.MemoryContract;
import java.io.IOException;

/** The contract of {@link dev.vchan.spi.Memory} between backends in one directory. */
class LocalMemoryContractTest extends MemoryContract {

  static {
    Meeting.warmUp();
  }

  @Override
  protected Machine newMachine() throws IOException {
    return new LocalMachine();
  }
}
