// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local.contract;

import dev.vchan.testkit.contract.AllocationContract;
import dev.vchan.testkit.ends.Stage;
import dev.vchan.testkit.ends.Workers;
import java.util.List;

class LocalAllocationTest extends AllocationContract {

  static List<Variant> variants() {
    return TwoProcesses.variants();
  }

  @Override
  protected Stage newStage(Workers workers) throws Exception {
    return TwoProcesses.newStage(workers);
  }
}
