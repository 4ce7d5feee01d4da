// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import dev.vchan.inprocess.InProcessHost;
import dev.vchan.testkit.contract.ChannelContract.Variant;
import dev.vchan.testkit.ends.DirectPlace;
import dev.vchan.testkit.ends.Role;
import dev.vchan.testkit.ends.Stage;
import dev.vchan.testkit.ends.Workers;
import java.util.ArrayList;
import java.util.List;

/** Stages inside this process: both roles, on platform and on virtual threads. */
final class InProcess {

  private InProcess() {}

  static List<Variant> variants() {
    List<Variant> all = new ArrayList<>();
    for (Workers workers : Workers.values()) {
      for (Role own : Role.values()) {
        all.add(new Variant(own, workers, false));
      }
    }
    return all;
  }

  static Stage newStage(Workers workers) {
    InProcessHost host = new InProcessHost();
    return new Stage(
        new DirectPlace(host.domain(Stage.OWN), workers, host::leftovers),
        new DirectPlace(host.domain(Stage.PEER), workers, List::of));
  }
}
