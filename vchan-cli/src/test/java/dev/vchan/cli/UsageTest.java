// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.cli.Machine.Running;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What is said to people: help, wrong usage, failures. */
class UsageTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter error = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(error));
    return line.execute(Main.translate(line, arguments));
  }

  static Stream<String> commands() {
    return Main.commandLine().getSubcommands().keySet().stream()
        .filter(name -> !name.equals("demo-peer"));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandHasHelpWithAnExampleAndTheExitCodes(String command) {
    assertThat(run(command, "--help")).isZero();
    assertThat(out.toString())
        .contains("Examples:", "vchan " + command, "Exit codes:", "130")
        .doesNotContain("demo-peer");
    assertThat(out.toString().lines()).allMatch(line -> line.length() <= 80);
    assertThat(error.toString()).isEmpty();
  }

  @Test
  void theVersionNamesTheCommit() {
    assertThat(run("--version")).isZero();
    assertThat(out.toString()).containsPattern("vchan \\d+\\.\\d+.* \\(commit [0-9a-z-]+\\)");
  }

  @Test
  void completionKnowsTheCommands() {
    assertThat(run("completion", "bash")).isZero();
    assertThat(out.toString()).contains("listen", "receive", "--read-size");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          listen                         | OPERAND
          listen 1 2 3                   | 3 operands: [1, 2, 3]
          listen x t                     | not a domain id: "x"
          listen 32752 t                 | domain id out of range: 32752
          listen 123456 t                | not a domain id
          listen a.b                     | port name "a.b"
          listen /a//b                   | path "/a//b"
          listen a_name_of_far_more_than_twenty_characters | too long
          listen --domid -1 t            | not a domain id: "-1"
          listen --read-size -1 t        | --read-size -1: must be 0 to 1048576
          listen --write-size 1048577 t  | --write-size 1048577: must be 0 to 1048576
          connect --read-size 2M t       | --read-size 2097152: must be 0 to 1048576
          listen --read-size big t       | 'big' is not a number of bytes
          connect -w soon t              | 'soon' is not a number of seconds
          connect --backend kvm t        | must be xen or local
          connect --what t               | --what
          send t                         | OPERAND
          receive 1 t dir more           | [1, t, dir, more]
          receive t dir more             | expected [DOMID] PORT [DIR]
          demo --size -1                 | negative
          dance                          | dance
          """)
  void wrongUsageIsSaidWithTheValue(String line, String message) {
    assertThat(run(line.split(" ", -1))).isEqualTo(ExitCodes.USAGE);
    assertThat(error.toString()).contains(message).contains("--help");
    assertThat(error.toString().lines().count()).isBetween(2L, 3L);
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void xenIsNotThereYet(@TempDir Path folder) throws Exception {
    try (Machine machine = new Machine(folder)) {
      Running command = machine.start("listen", "--backend", "xen", "t");
      assertThat(command.exitCode()).isEqualTo(ExitCodes.FAILED);
      assertThat(command.messages()).contains("no Xen module").hasLineCount(1);
    }
  }

  @Test
  void theDemoShowsEqualSums(@TempDir Path folder) throws Exception {
    try (Machine machine = new Machine(folder)) {
      Running demo = machine.start("demo", "--size", "1M");
      demo.succeeds();
      assertThat(demo.output()).content().contains("stream", "round trip", "  equal", "Next:");
    }
  }
}
