// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A peer truncates the file of the page or of a ring under calls in full swing. */
class TruncationTest {

  private static final int ROUNDS = 20;

  @Test
  void truncatedPagesAreViolationsAndNothingElse(@TempDir Path root) throws Exception {
    List<String> outcomes = run(root);
    assertThat(outcomes)
        .hasSize(ROUNDS)
        .allMatch(
            line -> line.matches("((ProtocolViolationException|PeerClosedException|END) ){1,2}"))
        .allMatch(line -> line.contains("ProtocolViolationException"));
  }

  @Test
  void theErrorOfATruncatedFileSurfacesInsideTheCall(@TempDir Path root) throws Exception {
    assertThat(run(root, "guarded")).containsExactly("inside");
  }

  /** What the guard is for: without it the error comes out in the caller's code, if anywhere. */
  @Test
  void withoutTheGuardItSurfacesOutside(@TempDir Path root) throws Exception {
    assertThat(run(root, "unguarded")).containsExactly("outside");
  }

  private static List<String> run(Path root, String... more) throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(TruncationVictim.class.getName());
    command.addAll(List.of(root.toRealPath().toString(), "" + ROUNDS, "" + seed));
    command.addAll(List.of(more));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      List<String> lines = lines(process);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended, after %s", lines).isTrue();
      return lines;
    } finally {
      process.destroyForcibly();
    }
  }

  private static List<String> lines(Process process) throws IOException {
    try (var reader = process.inputReader()) {
      List<String> lines = reader.lines().toList();
      lines.forEach(System.out::println);
      return lines;
    }
  }
}
