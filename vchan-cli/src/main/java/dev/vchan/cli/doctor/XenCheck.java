// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.doctor;

import dev.vchan.Deadline;
import dev.vchan.cli.doctor.Finding.Level;
import dev.vchan.xen.XenBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Looks at what channels between Xen domains need. */
public final class XenCheck {

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** What a kernel on Xen has, whichever modules are loaded. */
  private static final List<Path> SIGNS = List.of(Path.of("/proc/xen"), Path.of("/dev/xen"));

  private XenCheck() {}

  /**
   * Looks. That this is no domain of Xen is nothing to be mended.
   *
   * @return a finding for each thing that is missing, or one that says which domain this is
   */
  public static List<Finding> run() {
    if (SIGNS.stream().noneMatch(Files::exists)) {
      return List.of(Finding.ok("Xen", "neither /proc/xen nor /dev/xen: not a domain of Xen"));
    }
    Deadline end = Deadline.after(PATIENCE);
    List<Finding> findings = new ArrayList<>();
    for (IOException problem : XenBackend.problems(end)) {
      findings.add(Finding.of(Level.WARNING, "Xen", problem, "see the kernel's log"));
    }
    if (findings.isEmpty()) {
      findings.add(domain(end));
    }
    return findings;
  }

  private static Finding domain(Deadline end) {
    try (XenBackend backend = XenBackend.open(end)) {
      return Finding.ok("Xen", "devices and XenStore can be used; own domain " + backend.self());
    } catch (IOException e) {
      return Finding.of(Level.WARNING, "Xen", e, "see the kernel's log");
    }
  }
}
