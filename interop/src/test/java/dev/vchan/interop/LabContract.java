// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.testkit.LeakCheck;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** Steps that play the tests of XenStore's client against the daemon that Xen uses. */
final class LabContract {

  private static final String DEVICE = "/dev/xen/xenbus";
  private static final String TESTS = "tests";

  /** Whoever comes through these in dom0 may do everything. */
  private static final List<String> PLACES = List.of("/run/xenstored/socket", DEVICE);

  private static final String IN_DOM0 = "dev.vchan.xen.xenstore.RealXenstoredTest";

  private static final String IN_DOMU = "dev.vchan.xen.xenstore.RealGuest";

  private static final String OVERFLOW = "dev.vchan.xen.RealOverflow";

  private LabContract() {}

  static List<LabStep> steps() {
    List<LabStep> steps = new ArrayList<>();
    for (String place : PLACES) {
      steps.add(
          new LabStep(
              name(IN_DOM0, "dom0", place),
              (site, port) -> play(site, IN_DOM0, place),
              (site, port) -> ""));
    }
    steps.add(
        new LabStep(
            "events that /dev/xen/evtchn has lost: RealOverflow",
            (site, port) -> play(site, OVERFLOW, DEVICE),
            (site, port) -> ""));
    steps.add(
        new LabStep(
            name(IN_DOMU, "domU", DEVICE),
            (site, port) -> site.awaitReport(TESTS),
            LabContract::playInDomU));
    return steps;
  }

  private static String name(String tests, String domain, String place) {
    String simple = tests.substring(tests.lastIndexOf('.') + 1);
    return "XenStore in %s, %s: %s".formatted(domain, place, simple);
  }

  private static String playInDomU(LabSite site, String port) throws Exception {
    String played = " none passed";
    try {
      played = play(site, IN_DOMU, DEVICE);
    } finally {
      site.report(TESTS, played);
    }
    return "";
  }

  /** How many tests were played; each must have passed, and none been skipped. */
  private static String play(LabSite site, String tests, String place) {
    System.setProperty("vchan.xenstore", place);
    System.setProperty("vchan.domain", site.domU().toString());
    System.setProperty("vchan.daemon", Objects.requireNonNullElse(System.getenv("STORE"), ""));
    LeakCheck.tolerateRunningThreads();
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(tests))
            .configurationParameter("junit.jupiter.execution.timeout.default", "120 s")
            .build();
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create().execute(request, listener);
    TestExecutionSummary summary = listener.getSummary();
    long found = summary.getTestsFoundCount();
    if (found == 0 || summary.getTestsSucceededCount() != found) {
      summary.printFailuresTo(new PrintWriter(System.err, true), 20);
      throw new AssertionError(
          summary.getTestsSucceededCount() + " of " + found + " tests passed" + failed(summary));
    }
    return ", " + found + " tests";
  }

  private static String failed(TestExecutionSummary summary) {
    List<String> names =
        summary.getFailures().stream()
            .map(one -> one.getTestIdentifier().getDisplayName() + " " + one.getException())
            .map(line -> line.lines().findFirst().orElse(""))
            .toList();
    return ", failed: " + names;
  }
}
