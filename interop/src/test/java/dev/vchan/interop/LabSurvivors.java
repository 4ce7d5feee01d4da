// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.DomainId;
import dev.vchan.testkit.ends.Role;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Steps in which dom0, or domU, waits in every way for a third domain that comes to its end. */
final class LabSurvivors {

  /** Longer than a look period, after which a client has seen what libxenvchan's server leaves. */
  private static final Duration FIRST_LOOK = Duration.ofSeconds(12);

  private LabSurvivors() {}

  static List<LabStep> steps(LabThird third) {
    List<LabStep> steps = new ArrayList<>();
    for (boolean crash : new boolean[] {false, true}) {
      steps.add(
          new LabStep(
              "dom0 waits in each way for a third domain that "
                  + (crash ? "crashes:" : "is destroyed:"),
              (site, port) -> watchEnd(site, port, third, crash),
              (site, port) -> ""));
    }
    // One role at a time: a client maps pages, and what is mapped the hypervisor keeps.
    for (Role domU : Role.values()) {
      steps.add(
          new LabStep(
              "domU waits as " + name(domU) + " for a third domain that is destroyed:",
              (site, port) -> bringAbout(site, port, third, domU),
              (site, port) -> watchInDomU(site, port, domU)));
    }
    return steps;
  }

  private static String name(Role role) {
    return role == Role.SERVER ? "server" : "client";
  }

  private static DomainId meet(
      LabSite site, String port, LabThird third, DomainId survivor, Role... roles)
      throws Exception {
    DomainId gone = third.start(site);
    for (Role role : roles) {
      for (boolean writes : new boolean[] {false, true}) {
        third.meet(site, survivor, role, LabBlocked.port(port, role, writes));
      }
    }
    return gone;
  }

  /** How long until it is gone. */
  private static long end(LabSite site, LabThird third, boolean crash) throws Exception {
    long start = System.nanoTime();
    if (crash) {
      third.tell(site, "echo c >/proc/sysrq-trigger");
    } else {
      LabXl.run("xl", "destroy", third.domain().toString());
    }
    LabXl.awaitNot(LabThird.NAME);
    third.forget();
    return (System.nanoTime() - start) / 1_000_000;
  }

  private static void expectReaped() throws Exception {
    List<String> left = LabXl.awaitOnly("Domain-0", "u1");
    if (!left.isEmpty()) {
      throw new AssertionError("not reaped: " + left);
    }
  }

  private static String watchEnd(LabSite site, String port, LabThird third, boolean crash)
      throws Exception {
    DomainId gone = meet(site, port, third, DomainId.DOM0, Role.values());
    List<LabBlocked> calls = LabBlocked.all(site, gone, port, Role.values());
    long start = System.nanoTime();
    long took = end(site, third, crash);
    String figures = LabBlocked.seeEnd(calls, start);
    expectReaped();
    return " gone after " + took + " ms, seen: " + figures;
  }

  private static String bringAbout(LabSite site, String port, LabThird third, Role domU)
      throws Exception {
    DomainId gone = meet(site, port, third, site.domU(), domU);
    site.report(port + "-third", gone.toString());
    String waits = site.awaitReport(port + "-waits");
    if (!waits.equals("ok")) {
      throw new AssertionError("domU: " + waits);
    }
    site.report(port + "-ends", "ok");
    long took = end(site, third, false);
    String seen = site.awaitReport(port + "-seen");
    expectReaped();
    return " gone after " + took + " ms, seen: " + seen;
  }

  private static String watchInDomU(LabSite site, String port, Role own) throws Exception {
    DomainId gone = new DomainId(Integer.parseInt(site.awaitReport(port + "-third")));
    List<LabBlocked> calls = LabBlocked.all(site, gone, port, own);
    Thread.sleep(FIRST_LOOK);
    site.report(port + "-waits", "ok");
    site.awaitReport(port + "-ends");
    site.report(port + "-seen", LabBlocked.seeEnd(calls, System.nanoTime()));
    return "";
  }
}
