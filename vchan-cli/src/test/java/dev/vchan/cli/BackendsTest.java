// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is said when the backend is chosen by itself. */
class BackendsTest {

  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final Console console = new Console(new PrintStream(said, true, UTF_8), 0);

  @BeforeEach
  void noXenHere() {
    Assumptions.assumeFalse(Files.exists(Path.of("/dev/xen")), "this machine has Xen's devices");
  }

  @Test
  void aDomainWhoseXenCannotBeUsedIsToldSoInALine() {
    assertThat(Backends.isXenUsable(true, console)).isFalse();
    assertThat(said.toString(UTF_8).lines()).hasSize(1);
    assertThat(said.toString(UTF_8))
        .startsWith("vchan: only processes of this machine are reached, since Xen cannot be used: ")
        .contains("; ")
        .endsWith(" (--backend local says nothing)\n");
  }

  @Test
  void aMachineWithoutXenIsToldNothing() {
    assertThat(Backends.isXenUsable(false, console)).isFalse();
    assertThat(said.toString(UTF_8)).isEmpty();
  }
}
