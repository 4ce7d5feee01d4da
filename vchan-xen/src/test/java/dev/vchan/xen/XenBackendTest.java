// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.SystemRefusedException;
import dev.vchan.testkit.LeakCheck;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a machine without Xen is told. */
class XenBackendTest {

  @BeforeEach
  void noXenHere() {
    Assumptions.assumeFalse(Files.exists(Path.of("/dev/xen")), "this machine has Xen's devices");
    XenContractTest.warmUp();
  }

  private static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(30));
  }

  @Test
  void everythingThatIsMissingIsNamedWithItsRemedy() {
    LeakCheck leaks = new LeakCheck();
    List<String> problems =
        XenBackend.problems(soon()).stream().map(Exception::getMessage).toList();
    assertThat(problems).hasSize(4);
    assertThat(problems.get(0)).contains("/dev/xen/gntalloc", "ENOENT", "modprobe xen-gntalloc");
    assertThat(problems.get(1)).contains("/dev/xen/gntdev", "modprobe xen-gntdev");
    assertThat(problems.get(2)).contains("/dev/xen/evtchn", "modprobe xen-evtchn");
    assertThat(problems.get(3)).contains("XenStore");
    leaks.assertNothingLeft();
  }

  @Test
  void openingFailsWithTheFirstOfThemAndLeavesNothing() {
    LeakCheck leaks = new LeakCheck();
    assertThatThrownBy(() -> XenBackend.open(soon()))
        .isInstanceOf(SystemRefusedException.class)
        .hasMessageContaining("/dev/xen/gntalloc");
    leaks.assertNothingLeft();
  }
}
