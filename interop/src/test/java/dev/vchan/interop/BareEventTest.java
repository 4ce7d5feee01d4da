// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Figures;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What stands in for Xen must not be what is measured when libxenvchan is: its events cost little
 * more than the cheapest way to wake another process.
 */
class BareEventTest {

  private static final String MOST = "1.2";

  /** Ways and places take turns, so load meets all alike; but not a single burst of it. */
  private static final int ATTEMPTS = 5;

  @TempDir private Path folder;

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void aBareRoundTripTakesAtMostOneAndAFifthOfAPipes() throws Exception {
    Path program = Programs.eventBench();
    Figures figures = new Figures("interop-bare-event");
    int exit = 1;
    for (int i = 0; i < ATTEMPTS && exit == 1; i++) {
      exit = measure(program, figures);
    }
    assertThat(exit).as("exit code of bench-event, see its figures").isZero();
  }

  private int measure(Path program, Figures figures) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(List.of(program.toString(), "9", Figures.FULL ? "20000" : "2000", MOST));
    builder.environment().put("VCHAN_DIR", folder.resolve("root").toString());
    builder.environment().remove("VCHAN_DOMID");
    Process process = builder.redirectErrorStream(true).start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      figures.add(said.strip());
      return process.waitFor();
    } finally {
      process.destroyForcibly();
    }
  }
}
