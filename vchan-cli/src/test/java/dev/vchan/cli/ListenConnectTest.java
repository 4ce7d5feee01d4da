// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.cli.Machine.Running;
import dev.vchan.testkit.Figures;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** listen and connect, as processes. */
@Timeout(900)
class ListenConnectTest {

  private static final long SIZE = Figures.FULL ? 1L << 30 : 64 << 20;
  private static final int CLIENTS = Figures.FULL ? 100 : 8;
  private static final String LISTENING = "listening at /local/domain/0/data/vchan/0/t";

  @TempDir private Path folder;
  private Machine machine;

  @BeforeEach
  void open() {
    machine = new Machine(folder);
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    machine.close();
  }

  @Test
  void allBytesArriveFromTheClient() throws Exception {
    Path in = machine.random("in", SIZE);
    Running server = machine.start("listen", "0", "t");
    server.says(LISTENING);
    machine.startReading(in, "connect", "0", "t").succeeds();
    server.succeeds();
    Machine.assertSame(in, server.output());
  }

  @Test
  void allBytesArriveFromTheServerAndTheClientMayBeFirst() throws Exception {
    Path in = machine.random("in", SIZE);
    Running client = machine.start("connect", "0", "t");
    client.says("waiting for /local/domain/0/data/vchan/0/t");
    machine.startReading(in, "listen", "0", "t").succeeds();
    client.succeeds();
    Machine.assertSame(in, client.output());
  }

  @Test
  void bothDirectionsAtOnceAndRingsOfUnequalSize() throws Exception {
    Path there = machine.random("there", SIZE);
    Path back = machine.random("back", SIZE + 1);
    Running server =
        machine.startReading(back, "listen", "--read-size", "1M", "--write-size", "0", "t");
    Running client = machine.startReading(there, "connect", "t");
    client.succeeds();
    server.succeeds();
    Machine.assertSame(there, server.output());
    Machine.assertSame(back, client.output());
  }

  @Test
  void theEndOfTheQuestionArrivesBeforeTheAnswerIsGiven() throws Exception {
    Running server = machine.start(Redirect.PIPE, "listen", "t");
    server.says(LISTENING);
    Running client = machine.start(Redirect.PIPE, Redirect.PIPE, folder, "connect", "t");
    try (OutputStream answer = server.process().getOutputStream();
        InputStream heard = client.process().getInputStream()) {
      try (OutputStream question = client.process().getOutputStream()) {
        question.write("question".getBytes(UTF_8));
      }
      // Said only after the end of the client's output was seen.
      server.says("the other side has sent everything");
      assertThat(server.output()).hasContent("question");
      answer.write("answer".getBytes(UTF_8));
      answer.close();
      assertThat(heard.readAllBytes()).isEqualTo("answer".getBytes(UTF_8));
    }
    client.succeeds();
    server.succeeds();
  }

  @Test
  void aFilterAsServerSeesTheEndOfTheQuestion() throws Exception {
    Running server = machine.start(Redirect.PIPE, Redirect.PIPE, folder, "listen", "t");
    server.says(LISTENING);
    Path question = machine.random("question", 1000);
    Running client = machine.startReading(question, "connect", "t");
    try (OutputStream answer = server.process().getOutputStream();
        InputStream heard = server.process().getInputStream()) {
      // Ends although the server is still there, and waits for the answer.
      answer.write(heard.readAllBytes());
    }
    client.succeeds();
    server.succeeds();
    Machine.assertSame(question, client.output());
  }

  @Test
  void oneClientAfterAnother() throws Exception {
    Path in = machine.random("in", 1 << 20);
    // An input that stays open and empty does not hold a session up.
    Running server = machine.start(Redirect.PIPE, "listen", "-k", "0", "t");
    server.says(LISTENING);
    for (int i = 0; i < CLIENTS; i++) {
      machine.startReading(in, "connect", "0", "t").succeeds();
    }
    server.process().destroy();
    assertThat(server.exitCode()).isEqualTo(143);
    byte[] once = Files.readAllBytes(in);
    try (InputStream got = Files.newInputStream(server.output())) {
      for (int i = 0; i < CLIENTS; i++) {
        assertThat(got.readNBytes(once.length)).isEqualTo(once);
      }
      assertThat(got.read()).isEqualTo(-1);
    }
  }

  @Test
  void xencatsWordsAreUnderstood() throws Exception {
    Path in = machine.random("in", 1000);
    Running server = machine.start("-l", "0", "t");
    server.says(LISTENING);
    machine.startReading(in, "0", "t").succeeds();
    server.succeeds();
    Machine.assertSame(in, server.output());
  }

  @Test
  void domainsAndWholePaths() throws Exception {
    Path in = machine.random("in", 1000);
    String path = "/local/domain/7/data/vchan/3/a_rather_long_name_for_a_port";
    Running server = machine.start("listen", "--domid", "7", "3", path);
    server.says("listening at " + path + " for domain 3");
    machine.startReading(in, "connect", "--domid", "3", "7", path).succeeds();
    server.succeeds();
    Machine.assertSame(in, server.output());
  }

  @Test
  void aServerThatDoesNotComeIsATimeout() throws Exception {
    Running client = machine.start("connect", "-w", "0.5", "1", "t");
    assertThat(client.exitCode()).isEqualTo(ExitCodes.TIMEOUT);
    assertThat(client.messages())
        .contains("/local/domain/1/data/vchan/0/t", "timed out", "has its client already")
        .contains(machine.meeting().toString());
    Running server = machine.start("listen", "-w", "0.5", "1", "t");
    assertThat(server.exitCode()).isEqualTo(ExitCodes.TIMEOUT);
  }

  @Test
  void aSecondServerIsRefused() throws Exception {
    Running first = machine.start("listen", "t");
    first.says(LISTENING);
    Running second = machine.start("listen", "t");
    assertThat(second.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(second.messages()).contains("/local/domain/0/data/vchan/0/t").hasLineCount(1);
    first.process().destroy();
    assertThat(first.exitCode()).isEqualTo(143);
  }

  @Test
  void whatAKilledPeerHadSentIsDeliveredAndItsDeathReported() throws Exception {
    Running server = machine.start("listen", "t");
    server.says(LISTENING);
    Running client = machine.start(Redirect.PIPE, "connect", "t");
    client.process().getOutputStream().write("last words".getBytes(UTF_8));
    client.process().getOutputStream().flush();
    while (Files.size(server.output()) == 0) {
      server.says("");
      Thread.onSpinWait();
    }
    client.process().destroyForcibly();
    client.exitCode();
    assertThat(server.exitCode()).isEqualTo(ExitCodes.PEER);
    assertThat(server.messages()).contains("died");
    assertThat(server.output()).hasContent("last words");
    machine.sweep();
  }

  @Test
  void anInterruptedStreamIsNotTakenForAWholeOne() throws Exception {
    Running server = machine.start("listen", "t");
    server.says(LISTENING);
    Running client = machine.start(Redirect.PIPE, "connect", "-v", "t");
    client.process().getOutputStream().write("half".getBytes(UTF_8));
    client.process().getOutputStream().flush();
    client.says("connected");
    while (Files.size(server.output()) == 0) {
      server.says("");
      Thread.onSpinWait();
    }
    client.signal("INT");
    assertThat(client.exitCode()).isEqualTo(ExitCodes.INTERRUPTED);
    assertThat(server.exitCode()).isEqualTo(ExitCodes.PEER);
    machine.sweep();
  }

  @Test
  void nobodyReadingTheOutputEndsItQuietly() throws Exception {
    Path in = machine.random("in", 8 << 20);
    Running server = machine.start(Redirect.from(in.toFile()), "listen", "t");
    server.says(LISTENING);
    Running client =
        machine.start(
            Redirect.from(Path.of("/dev/null").toFile()), Redirect.PIPE, folder, "connect", "t");
    client.process().getInputStream().close();
    assertThat(client.exitCode()).isEqualTo(ExitCodes.PIPE);
    assertThat(client.messages()).doesNotContain("Broken pipe");
    assertThat(server.exitCode()).isEqualTo(ExitCodes.PEER);
    assertThat(server.messages()).contains("vchan: the other side ").doesNotContain("this call");
    machine.sweep();
  }

  @Test
  void quitsAfterItsTimeAlthoughThePeerGoesOn() throws Exception {
    Running server = machine.start(Redirect.PIPE, "listen", "t");
    server.says(LISTENING);
    server.process().getOutputStream().write("so far".getBytes(UTF_8));
    server.process().getOutputStream().flush();
    Running client = machine.start("connect", "-q", "0.5", "t");
    client.succeeds();
    assertThat(client.output()).hasContent("so far");
    server.succeeds();
  }
}
