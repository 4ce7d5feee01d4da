// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * What stands in for Xen's libraries does what they do. The cases are in C, beside it; each runs in
 * a process of its own and ends by proving that nothing leaked.
 */
class XenShimTest {

  /** More than any case takes, which ends by itself when it takes too long. */
  private static final long PATIENCE_SECONDS = 120;

  @TestFactory
  Stream<DynamicTest> casesInC() throws Exception {
    String program = Programs.shimTest().toString();
    List<String> names = output(new ProcessBuilder(program).start()).lines().toList();
    assertThat(names).as("cases").hasSizeGreaterThan(60).doesNotHaveDuplicates();
    return names.stream().map(name -> DynamicTest.dynamicTest(name, () -> passes(program, name)));
  }

  @Test
  void everySignatureIsTheOneOfXensHeaders() throws IOException {
    assertThat(Programs.compileShimAgainstXensHeaders()).isEmpty();
  }

  private static void passes(String program, String name) throws Exception {
    Process process = new ProcessBuilder(program, name).redirectErrorStream(true).start();
    String said = output(process);
    assertThat(process.exitValue()).as(said).isZero();
  }

  private static String output(Process process) throws IOException, InterruptedException {
    try {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).as("ends").isTrue();
      return output;
    } finally {
      process.destroyForcibly();
    }
  }
}
