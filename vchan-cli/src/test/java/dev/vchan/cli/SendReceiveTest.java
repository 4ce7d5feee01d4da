// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.cli.Machine.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** send and receive, as processes. */
@Timeout(300)
class SendReceiveTest {

  private static final long LARGE = 64 << 20;

  @TempDir private Path folder;
  private Machine machine;
  private Path target;

  @BeforeEach
  void open() throws IOException {
    machine = new Machine(folder);
    target = Files.createDirectory(folder.resolve("target"));
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    machine.close();
  }

  private Stream<String> arrived() throws IOException {
    try (Stream<Path> files = Files.list(target)) {
      return files.map(file -> file.getFileName().toString()).toList().stream();
    }
  }

  @Test
  void filesArriveWithModeAndDate() throws Exception {
    Path first = machine.random("first", 5_000_001);
    Path second = machine.random("\u00e4 second", 0);
    Files.setPosixFilePermissions(first, PosixFilePermissions.fromString("r-x------"));
    Files.setLastModifiedTime(first, FileTime.from(Instant.ofEpochSecond(1_000_000_000, 5000)));
    Running receiver = machine.start("receive", "0", "drop", "target");
    Running sender = machine.start("send", first.toString(), second.toString(), "0", "drop");
    sender.succeeds();
    receiver.succeeds();
    assertThat(arrived()).containsExactlyInAnyOrder("first", "\u00e4 second");
    Path copy = target.resolve("first");
    Machine.assertSame(first, copy);
    assertThat(Files.getPosixFilePermissions(copy))
        .isEqualTo(PosixFilePermissions.fromString("r-x------"));
    assertThat(Files.getLastModifiedTime(copy)).isEqualTo(Files.getLastModifiedTime(first));
    assertThat(sender.messages()).contains("SHA-256").doesNotContain("\r");
  }

  @Test
  void theRolesOnTheChannelMayBeSwapped() throws Exception {
    Path file = machine.random("file", 100_000);
    Running sender = machine.start("send", "-l", file.toString(), "drop");
    Running receiver = machine.start("receive", "-c", "drop", "target");
    sender.succeeds();
    receiver.succeeds();
    Machine.assertSame(file, target.resolve("file"));
  }

  @Test
  void aFileThatIsThereIsKeptUnlessForced() throws Exception {
    Path file = machine.random("file", 1000);
    Path other = machine.random("other", 1000);
    Files.writeString(target.resolve("file"), "mine");
    Running receiver = machine.start("receive", "drop", "target");
    Running sender = machine.start("send", file.toString(), other.toString(), "drop");
    assertThat(sender.exitCode()).isEqualTo(ExitCodes.PEER);
    assertThat(sender.messages()).contains("file: refused: there is a file of that name");
    assertThat(receiver.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(target.resolve("file")).hasContent("mine");
    Machine.assertSame(other, target.resolve("other"));

    receiver = machine.start("receive", "--force", "drop", "target");
    machine.start("send", file.toString(), "drop").succeeds();
    receiver.succeeds();
    Machine.assertSame(file, target.resolve("file"));
  }

  @Test
  void whatCannotBeSentIsSaidBeforeConnecting() throws Exception {
    Running missing = machine.start("send", "nowhere", "drop");
    Running directory = machine.start("send", target.toString(), "drop");
    Running nowhere = machine.start("receive", "drop", "nowhere");
    assertThat(missing.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(missing.messages()).isEqualTo("vchan: no such file: nowhere\n");
    assertThat(directory.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(directory.messages()).contains("is a directory");
    assertThat(nowhere.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(nowhere.messages()).isEqualTo("vchan: not a directory: nowhere\n");
    Running swapped = machine.start("receive", "target", "drop");
    assertThat(swapped.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(swapped.messages()).contains("the other order: receive drop target");
  }

  @Test
  void aNameThatIsNotUtf8IsNotCalledMissing() throws Exception {
    Running odd = machine.start("send", "bad\uFFFDname", "drop");
    assertThat(odd.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(odd.messages()).contains("not UTF-8").contains("ln -s");
  }

  @Test
  void aKilledReceiverResumes() throws Exception {
    Path file = machine.random("large", LARGE);
    Running receiver = receiveSlowly();
    Running sender = machine.start("send", "--progress=none", file.toString(), "drop");
    awaitPart(receiver);
    receiver.process().destroyForcibly();
    receiver.exitCode();
    assertThat(sender.exitCode()).isEqualTo(ExitCodes.PEER);
    assertThat(sender.messages())
        .contains("large: the other side died; ", " of 64.0 MiB had been sent, send it again");
    assertThat(arrived()).containsExactly("large.vchan-part");
    resume(file);
  }

  @Test
  void aReceiverThatStandsStillIsSilent() throws Exception {
    Path file = machine.random("large", LARGE);
    Running receiver = receiveSlowly();
    Running sender = machine.start("send", "-w", "2", file.toString(), "drop");
    awaitPart(receiver);
    receiver.signal("STOP");
    assertThat(sender.exitCode()).isEqualTo(ExitCodes.TIMEOUT);
    assertThat(sender.messages()).contains("large: the other side was silent for 2 s; ");
    receiver.signal("CONT");
    assertThat(receiver.exitCode()).isEqualTo(ExitCodes.PEER);
    assertThat(receiver.messages()).contains("large: kept", "large: the other side closed in");
  }

  @Test
  void aSenderThatStandsStillIsSilentAndHearsSoLater() throws Exception {
    Path file = machine.random("large", LARGE);
    Running receiver = receiveSlowly("-w", "2");
    Running sender = machine.start("send", file.toString(), "drop");
    awaitPart(receiver);
    sender.signal("STOP");
    assertThat(receiver.exitCode()).isEqualTo(ExitCodes.TIMEOUT);
    assertThat(receiver.messages())
        .contains("large: kept", "large: the other side was silent for 2 s");
    sender.signal("CONT");
    assertThat(sender.exitCode()).isEqualTo(ExitCodes.PEER);
    assertThat(sender.messages())
        .contains("large: the other side gave up: it heard nothing for 2 s; ");
  }

  @Test
  void aKilledSenderResumes() throws Exception {
    Path file = machine.random("large", LARGE);
    Running receiver = receiveSlowly();
    Running sender = machine.start("send", "--progress=none", file.toString(), "drop");
    awaitPart(receiver);
    sender.process().destroyForcibly();
    sender.exitCode();
    assertThat(receiver.exitCode()).isEqualTo(ExitCodes.PEER);
    assertThat(receiver.messages()).contains("large: kept the first");
    assertThat(arrived()).containsExactly("large.vchan-part");
    resume(file);
  }

  @Test
  void anInterruptedReceiverSaysWhatItKept() throws Exception {
    Path file = machine.random("large", LARGE);
    Running receiver = receiveSlowly();
    Running sender = machine.start("send", "--progress=none", file.toString(), "drop");
    awaitPart(receiver);
    receiver.signal("INT");
    assertThat(receiver.exitCode()).isEqualTo(ExitCodes.INTERRUPTED);
    assertThat(receiver.messages()).contains("large: kept the first").doesNotContain("Exception");
    assertThat(sender.exitCode()).isEqualTo(ExitCodes.PEER);
    resume(file);
  }

  @Test
  void whatIsLeftOfAnotherFileIsNotUsed() throws Exception {
    Path file = machine.random("file", 3_000_000);
    Files.write(target.resolve("file.vchan-part"), new byte[1_000_000]);
    Running receiver = machine.start("receive", "drop", "target");
    Running sender = machine.start("send", file.toString(), "drop");
    sender.succeeds();
    receiver.succeeds();
    assertThat(sender.messages()).contains("from the start");
    assertThat(arrived()).containsExactly("file");
    Machine.assertSame(file, target.resolve("file"));
  }

  /** Through the smallest ring, so that whoever interferes comes long before the end. */
  private Running receiveSlowly(String... options) throws IOException {
    List<String> words = new ArrayList<>(List.of("receive", "--read-size", "0"));
    words.addAll(List.of(options));
    words.addAll(List.of("drop", "target"));
    return machine.start(words.toArray(String[]::new));
  }

  private void awaitPart(Running receiver) throws Exception {
    Path part = target.resolve("large.vchan-part");
    while (!Files.exists(part) || Files.size(part) == 0) {
      assertThat(receiver.process().waitFor(1, TimeUnit.MILLISECONDS))
          .describedAs(receiver.messages())
          .isFalse();
    }
  }

  private void resume(Path file) throws Exception {
    Running receiver = machine.start("receive", "drop", "target");
    Running sender = machine.start("send", "--progress=none", file.toString(), "drop");
    sender.succeeds();
    receiver.succeeds();
    assertThat(receiver.messages()).contains("resumed at");
    assertThat(arrived()).containsExactly("large");
    Machine.assertSame(file, target.resolve("large"));
  }
}
