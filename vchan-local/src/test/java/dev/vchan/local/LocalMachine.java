// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.BackendContract.Machine;
import java.io.IOException;
import java.util.List;

/** A directory of its own for each test of a contract. */
final class LocalMachine implements Machine {

  private final Meeting meeting = new Meeting();

  @Override
  public Backend domain(DomainId id) throws IOException {
    return meeting.open(id.value());
  }

  @Override
  public List<String> leftovers() {
    return meeting.files();
  }

  @Override
  public void close() throws IOException {
    meeting.close();
  }
}
