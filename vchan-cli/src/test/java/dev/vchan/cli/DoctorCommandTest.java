// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.cli.Machine.Running;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code vchan doctor}: every line, and a remedy for whatever is not as it should be. */
class DoctorCommandTest {

  @TempDir private Path folder;

  private Machine machine(Path meeting) {
    Machine machine = new Machine(folder, meeting);
    machine.set("XDG_CACHE_HOME", folder.resolve("cache").toString());
    return machine;
  }

  @Test
  void looksAtEachThingAndSucceedsWhereChannelsWork() throws Exception {
    try (Machine machine = machine(folder.resolve("meet"))) {
      Running doctor = machine.start("doctor", "--domid", "3");
      doctor.succeeds();
      assertThat(doctor.messages()).isEmpty();
      assertThat(doctor.output())
          .content()
          .contains(
              "Java", "own domain", "3 (--domid)", "directory", "meet ($VCHAN_DIR)", "MiB free")
          .contains("record locks", "Unix sockets", "leftovers", "a byte went there and back")
          .contains("C compiler", "stand-in library", "libxenvchan", "vchan-socket-proxy", "Xen")
          .doesNotContain("failure");
    }
  }

  @Test
  void whatChannelsNeedIsAFailureWithARemedy() throws Exception {
    Path open = Files.createDirectory(folder.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
    try (Machine machine = machine(open)) {
      Running doctor = machine.start("doctor");
      assertThat(doctor.exitCode()).isEqualTo(ExitCodes.FAILED);
      assertThat(doctor.output())
          .content()
          .containsPattern("failure +directory +.*mode 0755")
          .containsPattern("\n +chmod 700");
    }
  }

  @Test
  void whatOnlyRunNeedsIsAWarningWithARemedy() throws Exception {
    try (Machine machine = machine(folder.resolve("meet"))) {
      machine.set("PATH", folder.toString());
      machine.set("CC", "");
      Running doctor = machine.start("doctor");
      doctor.succeeds();
      assertThat(doctor.output())
          .content()
          .containsPattern("warning +C compiler")
          .containsPattern("\n +apt-get install gcc");
    }
  }

  @Test
  void saysWhatWasRemovedThatADeadProcessHadLeft() throws Exception {
    try (Machine machine = machine(folder.resolve("meet"))) {
      Running killed = machine.start("listen", "t");
      killed.says("listening");
      killed.signal("KILL");
      killed.exitCode();
      Running doctor = machine.start("doctor");
      doctor.succeeds();
      assertThat(doctor.output()).content().containsPattern("leftovers +removed [3-9] names");
    }
  }
}
