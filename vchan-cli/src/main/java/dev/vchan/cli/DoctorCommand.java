// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.DomainId;
import dev.vchan.cli.doctor.Finding;
import dev.vchan.cli.doctor.LocalCheck;
import dev.vchan.cli.doctor.MachineCheck;
import dev.vchan.cli.doctor.XenCheck;
import dev.vchan.local.LocalBackend;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** Says what works here, and what to do about what does not. */
@Command(
    name = "doctor",
    description = {
      "Look at what vchan needs of this machine, line by line: ok, warning or failure, and what to"
          + " do about it. Succeeds if channels between processes of this machine work; a warning"
          + " is about something that only some commands need."
    },
    footer = {
      "",
      "Examples:",
      "  vchan doctor",
      "  VCHAN_DIR=/srv/meet vchan doctor    the same for another directory"
    })
final class DoctorCommand implements Callable<Integer> {

  @ParentCommand private @Nullable VchanCommand common;

  @Override
  public Integer call() {
    VchanCommand vchan = Objects.requireNonNull(common);
    List<Finding> findings = new ArrayList<>();
    findings.add(MachineCheck.java());
    findings.addAll(local(vchan));
    findings.addAll(MachineCheck.forRun());
    findings.addAll(XenCheck.run());
    PrintStream out = System.out;
    findings.forEach(out::println);
    out.flush();
    boolean works = findings.stream().noneMatch(one -> one.level() == Finding.Level.FAILURE);
    return works ? ExitCodes.DONE : ExitCodes.FAILED;
  }

  private static List<Finding> local(VchanCommand vchan) {
    DomainId self = vchan.ownDomain();
    Path root = LocalBackend.defaultRoot();
    String named = System.getenv("VCHAN_DIR");
    return LocalCheck.run(
        root,
        named == null || named.isEmpty() ? "by default" : "$VCHAN_DIR",
        self,
        vchan.ownDomainFrom());
  }
}
