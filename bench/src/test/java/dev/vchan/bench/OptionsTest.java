// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What is asked for on the command line, and what is read from other programs. */
class OptionsTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter error = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(error));
    return line.execute(arguments);
  }

  private static Plan plan(String... arguments) {
    Bench bench = new Bench();
    new CommandLine(bench).parseArgs(arguments);
    return bench.plan();
  }

  @Test
  void theHelpHasExamplesExitCodesAndAllContestants() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString()).contains("Examples:", "vchan bench --quick", "Exit codes:", "130");
    Arrays.stream(Rival.values())
        .forEach(rival -> assertThat(out.toString()).contains(rival.word()));
    assertThat(out.toString().lines()).allMatch(line -> line.length() <= 80);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          --contestants nobody | no such contestant: nobody
          --work play          | no such work: play
          --placement moon     | no such placement: moon
          --ring big           | 'big' is not a number of bytes
          --ring 12345         | nothing is left
          --rounds 0           | at least 1
          --channels 0         | at least 1
          --idle-seconds 9999  | at most 120
          --what               | --what
          --seed x             | 'x'
          """)
  void wrongUsageIsSaidWithTheValue(String line, String message) {
    assertThat(run(line.split(" "))).isEqualTo(2);
    assertThat(error.toString()).contains(message, "--help");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void theFullRunHasEveryCell() {
    assertThat(plan().questions().stream().filter(one -> one.work() == Work.STREAM))
        .hasSize(3 * 15 + 6);
    assertThat(plan().questions().stream().filter(one -> one.work() == Work.TRIP))
        .hasSize(3 * 4 + 1);
    assertThat(plan().rivals()).containsExactly(Rival.values());
  }

  @Test
  void optionsChoose() {
    Plan plan =
        plan(
            "--contestants=vchan,tcp",
            "--work=stream",
            "--placement=pinned",
            "--ring=64K",
            "--size=64,1M",
            "--rounds=7");
    assertThat(plan.rivals()).containsExactly(Rival.VCHAN, Rival.TCP);
    assertThat(plan.questions())
        .containsExactly(
            new Question(Work.STREAM, Placement.PINNED, 64 << 10, 64),
            new Question(Work.STREAM, Placement.PINNED, 64 << 10, 1 << 20));
    assertThat(plan.rounds()).isEqualTo(7);
    assertThat(plan("--quick").questions().size()).isLessThan(plan().questions().size() / 2);
  }

  @Test
  void thePlansFitIntoTheTimeThatIsPromised() {
    assertThat(plan().seconds()).isBetween(600.0, 1800.0);
    assertThat(plan("--quick").seconds()).isBetween(60.0, 120.0);
  }

  @Test
  void numbersOfChannelsAndTheTimeToLookAtThemCanBeChosen() {
    Plan plan = plan("--work=idle,echo", "--channels=10000", "--idle-seconds=60");
    assertThat(plan.questions())
        .containsExactly(
            new Question(Work.IDLE, Placement.FREE, 4 << 10, 10_000),
            new Question(Work.ECHO, Placement.FREE, 4 << 10, 10_000));
    assertThat(plan.times().idleMillis()).isEqualTo(60_000);
  }

  @Test
  void whatNobodyDoesIsNotAsked() {
    assertThat(plan("--contestants=memcpy").questions())
        .isNotEmpty()
        .allMatch(question -> question.work() == Work.STREAM);
  }

  @Test
  void sizesHaveUnits() {
    assertThat(List.of("64", "4K", "1m").stream().map(Bench::bytes))
        .containsExactly(64, 4096, 1 << 20);
    assertThat(Bench.bytes("1048576")).isEqualTo(1 << 20);
    assertThatThrownBy(() -> Bench.bytes("9999999M")).hasMessageContaining("9999999M");
  }

  @Test
  void theTableOfBareEventsIsRead() {
    String table =
        """
        round trip, us          pipe   event  ratio   with poll:  pipe   event  ratio
        anywhere                9.18    9.51   1.04              10.14   10.46   1.03
        two cores              52.00   65.00   1.25              60.10   61.40   1.02
        one core                5.10    5.60   1.10               6.10    6.40   1.05
        """;
    assertThat(BareEvent.parse(table))
        .containsExactly(
            new BareEvent(Placement.FREE, 9.18, 9.51, 1.04, 1.03),
            new BareEvent(Placement.PINNED, 52, 65, 1.25, 1.02),
            new BareEvent(Placement.SHARED, 5.1, 5.6, 1.1, 1.05));
    assertThat(BareEvent.parse(table).get(0).counts()).isTrue();
    assertThat(BareEvent.parse(table).get(1).counts()).isFalse();
  }

  @Test
  void listsOfProcessorsAreRead() {
    Processors some = new Processors(Processors.parse("0-2,5"));
    assertThat(some.numbers()).containsExactly(0, 1, 2, 5);
    assertThat(some.of(Placement.PINNED, 1)).isEqualTo("1");
    assertThat(some.of(Placement.SHARED, 1)).isEqualTo("0");
    assertThat(some.of(Placement.FREE, 0)).isEqualTo("0,1,2,5");
    assertThat(new Processors(List.of(3)).impossible()).containsKey(Placement.PINNED);
  }

  @Test
  void thePerfTableIsRead() {
    assertThat(SystemCalls.count("Events enabled\n1234,,raw_syscalls:sys_enter,7,100.00,,\n"))
        .hasValue(1234L);
    assertThat(SystemCalls.count("<not supported>,,raw_syscalls:sys_enter,0,100.00,,\n")).isEmpty();
  }
}
