// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local.contract;

import dev.vchan.DomainId;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.contract.PinningContract;
import dev.vchan.testkit.ends.PeerProcess;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class LocalPinningTest extends PinningContract {

  @TempDir Path parent;

  @Override
  protected PeerProcess.Opening opening() {
    String root = parent.resolve("root").toString();
    return () -> LocalBackend.open(Path.of(root), new DomainId(1));
  }
}
