// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.cli.Machine.Running;
import dev.vchan.cli.transfer.Figures;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What is said to people: help, wrong usage, failures. */
class UsageTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter error = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(error));
    return line.execute(Words.translate(line, arguments));
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
  void theBenchmarkIsNotInTheCommandItself() {
    assertThat(run("bench", "--quick", "--json", "x")).isEqualTo(ExitCodes.FAILED);
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
          listen                         | expected [DOMID] PORT
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
          send t                         | expected FILE... [DOMID] PORT, but there is [t]
          send -dash t                   | unknown option: -dash; for a file of that name: ./-dash
          receive -dash t                | unknown option: -dash
          receive 1 t dir more           | [1, t, dir, more]
          receive t dir more             | expected [DOMID] PORT [DIR]
          forward                        | expected SOCKET [DOMID] PORT
          forward t                      | expected SOCKET [DOMID] PORT
          forward tcp:1                  | expected SOCKET [DOMID] PORT
          forward 1 2 3                  | expected SOCKET [DOMID] PORT
          forward tcp:1 unix:x           | expected SOCKET [DOMID] PORT
          forward 6379 0 redis           | a socket as in tcp:6379
          forward tcp:1 x y              | not a domain id: "x"
          forward tcp:65536 t            | tcp:65536: a TCP port is at most 65535
          forward tcp:::1:80 t           | as in tcp:[::1]:PORT
          forward t fd:x                 | fd:x: must be the number
          forward --mode=both 0 /a /b    | client, server
          forward -m server tcp:1 t      | DOMID NODEPATH SOCKET
          forward -q long tcp:1 t        | 'long' is not a number of seconds
          ls a.b                         | port name "a.b"
          stat 1 t                       | t
          stat --interval 0.2 t          | '0.2' is too short
          top --interval soon            | 'soon' is not a number of seconds
          top -n many                    | 'many' is not
          stat --backend kvm t           | must be xen or local
          demo --size -1                 | negative
          dance                          | no such command: dance
          -v recieve t                   | no such command: recieve; did you mean receive?
          """)
  void wrongUsageIsSaidWithTheValue(String line, String message) {
    assertThat(run(line.split(" ", -1))).isEqualTo(ExitCodes.USAGE);
    assertThat(error.toString()).contains(message).contains("--help");
    assertThat(error.toString().lines().count()).isBetween(2L, 3L);
    assertThat(out.toString()).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "0 greetings -w 1,      connect 0 greetings -w 1",
    "-w 1 0 greetings,      connect -w 1 0 greetings",
    "--domid=3 -vw1 2 hello -N, connect --domid=3 -vw1 2 hello -N",
    "--domid 3 2 hello,     connect --domid 3 2 hello",
    "-l 2 x -w 1,           listen 2 x -w 1",
    "-lw 1 x,               listen -w 1 x",
    "2 x -vlw 1,            listen 2 x -vw 1",
    "-l send,               listen send",
    "send -l 1 x,           send -l 1 x",
    "-v send 1 x,           -v send 1 x",
    "greetings,             greetings",
    "0,                     0",
    "help,                  --help",
    "help send,             send --help"
  })
  void linesWithoutACommandAreUnderstood(String line, String meant) {
    assertThat(Words.translate(Main.commandLine(), line.split(" ", -1)))
        .containsExactly(meant.split(" ", -1));
  }

  @Test
  void helpOffersOnlyWhatMeansSomething() {
    assertThat(run("connect", "--help")).isZero();
    assertThat(run("completion", "--help")).isZero();
    assertThat(out.toString())
        .contains("[DOMID] PORT")
        .doesNotContain("--read-size", "--write-size", "OPERAND");
  }

  @Test
  void completionIsForTheShellThatWasNamed() {
    assertThat(run("completion", "zsh")).isZero();
    assertThat(out.toString()).startsWith("#!/usr/bin/env zsh\n").contains("\"local\" \"xen\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "completion bash"})
  void whatCannotBeWrittenIsNoSuccess(String line, @TempDir Path folder) throws Exception {
    try (Machine machine = new Machine(folder)) {
      Path full = Path.of("/dev/full");
      Running command =
          machine.start(
              Redirect.from(Path.of("/dev/null").toFile()),
              Redirect.to(full.toFile()),
              full,
              line.split(" ", -1));
      assertThat(command.exitCode()).isEqualTo(ExitCodes.FAILED);
      assertThat(command.messages())
          .isEqualTo("vchan: cannot write standard output: No space left on device\n");
    }
  }

  @Test
  void figuresOfSmallThingsAreNotNought() {
    assertThat(Figures.rate(7, 10_000_000)).isEqualTo("1 KiB/s");
    assertThat(Figures.rate(5 << 20, 1_000_000_000)).isEqualTo("5 MiB/s");
  }

  @Test
  void xenIsRefusedWhereItIsMissingOrMakesNoSense(@TempDir Path folder) throws Exception {
    try (Machine machine = new Machine(folder)) {
      Running listen = machine.start("listen", "--backend", "xen", "t");
      assertThat(listen.exitCode()).isEqualTo(ExitCodes.FAILED);
      assertThat(listen.messages()).contains("/dev/xen/gntalloc", "modprobe").hasLineCount(1);
      machine.set("VCHAN_BACKEND", "xen");
      Running demo = machine.start("demo");
      assertThat(demo.exitCode()).isEqualTo(ExitCodes.FAILED);
      assertThat(demo.messages()).contains("two processes of one domain").hasLineCount(1);
      Running run = machine.start("run", "true");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
      assertThat(run.messages()).contains("without vchan run").hasLineCount(1);
    }
  }

  @Test
  void theDemoShowsEqualSums(@TempDir Path folder) throws Exception {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    Path killed = Files.createTempDirectory(temporary, "vchan-demo-");
    Path begun = Files.createTempDirectory(temporary, "vchan-demo-");
    Files.createFile(killed.resolve("lock"));
    Files.createFile(killed.resolve("random"));
    try (Machine machine = new Machine(folder)) {
      Running demo = machine.start("demo", "--size", "1M", "--read-size", "4K");
      demo.succeeds();
      assertThat(demo.output())
          .content()
          .contains("rings of 4.0 KiB and 64.0 KiB", "stream", "round trip", "  equal", "Next:");
      assertThat(killed).doesNotExist();
      assertThat(begun).exists();
    } finally {
      Files.delete(begun);
    }
  }
}
