// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.testkit.EventsContract;
import java.io.IOException;

/** The contract of {@link dev.vchan.spi.Events} between backends in one directory. */
class LocalEventsContractTest extends EventsContract {

  static {
    Meeting.warmUp();
  }

  @Override
  protected Machine newMachine() throws IOException {
    return new LocalMachine();
  }
}
