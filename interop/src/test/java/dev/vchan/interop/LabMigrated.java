// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Deadline;
import dev.vchan.RingSizes;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.testkit.ends.Role;
import dev.vchan.xen.XenBackend;
import dev.vchan.xen.xenstore.StorePath;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A step in which dom0 writes something else where domU reads its own number, as it is found after
 * a migration: there is no other machine here to migrate to.
 */
final class LabMigrated {

  private LabMigrated() {}

  static List<LabStep> steps() {
    return List.of(
        new LabStep(
            "domU's own number is forged in XenStore, its channels fail and others are refused:",
            LabMigrated::forge,
            LabMigrated::suffer));
  }

  private static String forge(LabSite site, String port) throws Exception {
    StorePath domid = new StorePath("/local/domain/" + site.domU() + "/domid");
    List<Vchan> ends = new ArrayList<>();
    try {
      for (Role domU : Role.values()) {
        for (boolean writes : new boolean[] {false, true}) {
          String name = LabBlocked.port(port, domU, writes);
          ends.add(LabBlocked.open(site, site.other(), domU.other(), name));
        }
      }
      site.awaitReport(port + "-waits");
      site.store().nodes(Hub.soon()).write(domid, "forged");
      site.report(port + "-forged", "ok");
      return " seen: " + site.awaitReport(port + "-seen");
    } finally {
      site.store().nodes(Hub.soon()).write(domid, site.domU().toString());
      site.report(port + "-right", "ok");
      for (Vchan end : ends) {
        end.close();
      }
    }
  }

  private static String suffer(LabSite site, String port) throws Exception {
    List<LabBlocked> calls = LabBlocked.all(site, site.other(), port, Role.values());
    site.report(port + "-waits", "ok");
    site.awaitReport(port + "-forged");
    String seen = "failed";
    try {
      String figures = LabBlocked.seeEnd(calls, System.nanoTime());
      refuse(() -> connect(site, port), "open another backend");
      refuse(() -> XenBackend.open(Hub.soon()).close(), "forged");
      seen = figures;
    } finally {
      site.report(port + "-seen", seen);
      site.awaitReport(port + "-right");
    }
    if (!XenBackend.problems(Hub.soon()).isEmpty()) {
      throw new AssertionError("there are problems left");
    }
    return "";
  }

  private interface Attempt {
    void make() throws IOException;
  }

  private static void connect(LabSite site, String port) throws IOException {
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(4096));
    Deadline soon = Deadline.after(Duration.ofSeconds(1));
    Vchan.connect(site.backend(), site.other(), LabSite.name(port), options, soon).close();
  }

  private static void refuse(Attempt attempt, String why) throws IOException {
    try {
      attempt.make();
    } catch (SystemRefusedException e) {
      if (e.getMessage().contains(why)) {
        return;
      }
      throw e;
    }
    throw new AssertionError("it was not refused");
  }
}
