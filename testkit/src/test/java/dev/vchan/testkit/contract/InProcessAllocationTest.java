// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import dev.vchan.testkit.ends.Stage;
import dev.vchan.testkit.ends.Workers;
import java.util.List;

class InProcessAllocationTest extends AllocationContract {

  static List<Variant> variants() {
    return InProcess.variants().stream()
        .filter(variant -> variant.workers() == Workers.PLATFORM)
        .toList();
  }

  @Override
  protected Stage newStage(Workers workers) {
    return InProcess.newStage(workers);
  }
}
