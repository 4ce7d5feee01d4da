// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.Vchan;
import dev.vchan.testkit.ends.Role;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What comes last: domU is destroyed while dom0 waits for it in every way. */
final class LabDeaths {

  /** What they are called when only some steps are wanted. */
  static final String NAME = "domU is destroyed";

  /** How many results there are. */
  static final int RESULTS = 6;

  private static final String PORT = "death";

  private LabDeaths() {}

  /** Says what the first run here ended with, and waits to be destroyed. */
  static void playInDomU(LabSite site, String exit) throws Exception {
    site.report("exit", exit.equals("0") ? "ok" : "exit code " + exit);
    List<Vchan> channels = new ArrayList<>();
    for (Role dom0 : Role.values()) {
      for (boolean writes : new boolean[] {false, true}) {
        String port = LabBlocked.port(PORT, dom0, writes);
        channels.add(LabBlocked.open(site, DomainId.DOM0, dom0.other(), port));
      }
    }
    Thread.sleep(Duration.ofMinutes(10).toMillis());
    throw new AssertionError("nobody destroyed this domain and its " + channels.size());
  }

  static void playInDom0(LabSite site, int played) throws Exception {
    int number = played + 1;
    String exit = site.awaitReport("exit");
    LabMain.print(
        number++, "the suite in domU ended with 0", exit.equals("ok") ? List.of() : List.of(exit));
    List<LabBlocked> calls = LabBlocked.all(site, site.domU(), PORT, Role.values());
    long start = System.nanoTime();
    LabXl.run("xl", "destroy", "" + site.domU());
    Deadline deadline = Deadline.after(LabBlocked.MOST);
    for (LabBlocked call : calls) {
      String outcome = call.awaitEnd(deadline);
      LabMain.print(
          number++,
          "domU is destroyed, and dom0's waiting %s ends %d ms later"
              .formatted(call.what(), call.millisSince(start)),
          outcome.isEmpty() ? List.of() : List.of(outcome));
    }
    for (LabBlocked call : calls) {
      call.closeChannel();
    }
    LabMain.print(
        number, "the destroyed domain is gone, its memory given back", LabXl.awaitOnly("Domain-0"));
  }
}
