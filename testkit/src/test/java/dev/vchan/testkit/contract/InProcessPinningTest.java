// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import dev.vchan.DomainId;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.testkit.ends.PeerProcess;

class InProcessPinningTest extends PinningContract {

  @Override
  protected PeerProcess.Opening opening() {
    return () -> new InProcessHost().domain(new DomainId(1));
  }
}
