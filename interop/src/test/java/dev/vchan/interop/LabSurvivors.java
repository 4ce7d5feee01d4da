// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.DomainId;
import dev.vchan.testkit.ends.Role;
import java.util.List;

/** Steps in which dom0 waits in every way for a third domain that comes to its end. */
final class LabSurvivors {

  private LabSurvivors() {}

  static List<LabStep> steps(LabThird third) {
    return List.of(
        new LabStep(
            "dom0 waits in each way for a third domain that is destroyed:",
            (site, port) -> watchEnd(site, port, third, false),
            (site, port) -> ""),
        new LabStep(
            "dom0 waits in each way for a third domain that crashes:",
            (site, port) -> watchEnd(site, port, third, true),
            (site, port) -> ""));
  }

  private static String watchEnd(LabSite site, String port, LabThird third, boolean crash)
      throws Exception {
    DomainId gone = third.start(site);
    for (Role role : Role.values()) {
      for (boolean writes : new boolean[] {false, true}) {
        third.meet(site, DomainId.DOM0, role, LabBlocked.port(port, role, writes));
      }
    }
    List<LabBlocked> calls = LabBlocked.four(site, gone, port);
    long start = System.nanoTime();
    if (crash) {
      third.tell(site, "echo c >/proc/sysrq-trigger");
    } else {
      LabXl.run("xl", "destroy", gone.toString());
    }
    LabXl.awaitNot(LabThird.NAME);
    third.forget();
    long took = (System.nanoTime() - start) / 1_000_000;
    String figures = LabBlocked.seeEnd(calls, start);
    List<String> left = LabXl.awaitOnly("Domain-0", "u1");
    if (!left.isEmpty()) {
      throw new AssertionError("not reaped: " + left);
    }
    return " gone after " + took + " ms, seen: " + figures;
  }
}
