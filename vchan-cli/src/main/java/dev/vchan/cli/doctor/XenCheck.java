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

  /** The first call also loads and links, which takes seconds where the processor is busy. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** What a kernel on Xen has, whichever modules are loaded. */
  private static final List<Path> SIGNS = List.of(Path.of("/proc/xen"), Path.of("/dev/xen"));

  private XenCheck() {}

  /**
   * Whether this looks like a domain of Xen.
   *
   * @return whether there is anything that only a kernel on Xen has
   */
  public static boolean isOnXen() {
    return SIGNS.stream().anyMatch(Files::exists);
  }

  /**
   * Looks. That this is no domain of Xen is nothing to be mended.
   *
   * @return a finding for each thing that is missing, and one that says which domain this is if
   *     what there is will do for a server or a client
   */
  public static List<Finding> run() {
    if (!isOnXen()) {
      return List.of(Finding.ok("Xen", "neither /proc/xen nor /dev/xen: not a domain of Xen"));
    }
    Deadline end = Deadline.after(PATIENCE);
    List<Finding> findings = new ArrayList<>();
    for (IOException problem : XenBackend.problems(end)) {
      findings.add(Finding.of(Level.WARNING, "Xen", problem, "see the kernel's log"));
    }
    if (XenBackend.unavailabilityCause().isEmpty()) {
      findings.add(domain(end));
    }
    return findings;
  }

  private static Finding domain(Deadline end) {
    try (XenBackend backend = XenBackend.open(end)) {
      return Finding.ok("Xen", "channels can be made; own domain " + backend.self());
    } catch (IOException e) {
      return Finding.of(Level.WARNING, "Xen", e, "see the kernel's log");
    }
  }
}
