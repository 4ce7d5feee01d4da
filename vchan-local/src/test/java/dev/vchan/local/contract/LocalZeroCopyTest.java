// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local.contract;

import dev.vchan.testkit.contract.ZeroCopyContract;
import dev.vchan.testkit.ends.Stage;
import dev.vchan.testkit.ends.Workers;
import java.util.List;

class LocalZeroCopyTest extends ZeroCopyContract {

  static List<Variant> variants() {
    return TwoProcesses.variants();
  }

  @Override
  protected Stage newStage(Workers workers) throws Exception {
    return TwoProcesses.newStage(workers);
  }
}
