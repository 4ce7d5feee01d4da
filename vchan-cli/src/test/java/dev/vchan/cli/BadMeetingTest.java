// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.cli.Machine.Running;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A directory that cannot be used, or holds what nobody expects: one line, never a stack trace. */
class BadMeetingTest {

  private static final String NODE = "store/local/domain/0/data/vchan/0/t";

  @TempDir Path folder;

  @Test
  void aDirectoryThatOthersMayUseIsRefused() throws Exception {
    try (Machine machine = new Machine(folder)) {
      Files.createDirectory(machine.meeting());
      Files.setPosixFilePermissions(
          machine.meeting(), PosixFilePermissions.fromString("rwxrwxrwx"));
      refused(machine.start("listen", "t"), machine.meeting());
    }
  }

  @Test
  void aDirectoryOfSomebodyElseIsRefused() throws Exception {
    try (Machine machine = new Machine(folder)) {
      makePrivate(machine.meeting());
      Assumptions.assumeTrue(
          Files.getAttribute(folder, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(0),
          "run the tests as root to have this one: it gives a directory away");
      Files.setAttribute(machine.meeting(), "unix:uid", 65534);
      Running command = machine.start("connect", "t");
      refused(command, machine.meeting());
      assertThat(command.messages()).contains("belongs to");
    }
  }

  @Test
  void aMeetingPlaceThatIsAFileIsRefused() throws Exception {
    try (Machine machine = new Machine(folder)) {
      Files.createFile(machine.meeting());
      refused(machine.start("connect", "t"), machine.meeting());
      Files.delete(machine.meeting());
    }
  }

  @Test
  void aPlaceWhereNobodyCanWriteIsRefused() throws Exception {
    // Not even root can make a directory there.
    try (Machine machine = new Machine(folder, Path.of("/proc/vchan"))) {
      refused(machine.start("listen", "t"), machine.meeting());
    }
  }

  @Test
  void aFullPlaceIsRefusedWithWhatIsMissing() throws Exception {
    try (Machine machine = new Machine(folder)) {
      Running command = machine.startLimited("-f 100", "listen", "--read-size", "1048576", "t");
      assertThat(command.exitCode()).isEqualTo(ExitCodes.FAILED);
      assertThat(command.messages()).contains("make room for 1048576 bytes").hasLineCount(1);
    }
  }

  @Test
  void aDirectoryInPlaceOfTheLocksIsRefused() throws Exception {
    try (Machine machine = new Machine(folder)) {
      makePrivate(machine.meeting());
      Files.createDirectory(machine.meeting().resolve("locks"));
      refused(machine.start("listen", "t"), machine.meeting().resolve("locks"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\u0000\u0001\u0002",
        ".server=0\n.client=0\nring-ref=4294967296\nevent-channel=1\n",
        ".server=0\n.client=0\nring-ref=256\nevent-channel=1\n"
      })
  void garbageInPlaceOfAnAdvertisementIsNone(String text) throws Exception {
    try (Machine machine = new Machine(folder)) {
      plant(machine.meeting(), NODE + "/.keys", text);
      missing(machine.start("connect", "-w", "1", "t"));
      // A server takes the place, and is found there.
      Running server = machine.start("listen", "t");
      machine.start("connect", "t").succeeds();
      server.succeeds();
    }
  }

  @Test
  void garbageInPlaceOfAPageAndASocketIsAStaleAdvertisement() throws Exception {
    try (Machine machine = new Machine(folder)) {
      plant(
          machine.meeting(),
          NODE + "/.keys",
          ".server=0\n.client=0\nring-ref=256\nevent-channel=1\n");
      plant(machine.meeting(), "gnt/0/256.0", "not a page");
      plant(machine.meeting(), "evtchn/0/1", "not a socket");
      missing(machine.start("connect", "-w", "1", "t"));
      machine.start("listen", "-w", "0", "t").exitCode();
    }
  }

  @Test
  void pagesThatAreTruncatedUnderAChannelEndItWithAWord() throws Exception {
    try (Machine machine = new Machine(folder)) {
      Running server = machine.start(Redirect.PIPE, "listen", "-v", "t");
      Running client = machine.start(Redirect.PIPE, "connect", "-v", "t");
      server.says("connected");
      client.says("connected");
      try (Stream<Path> pages = Files.list(machine.meeting().resolve("gnt/0"))) {
        for (Path page : pages.toList()) {
          FileChannel.open(page, StandardOpenOption.WRITE).truncate(0).close();
        }
      }
      client.process().outputWriter().append("lost\n").close();
      server.process().outputWriter().close();
      assertThat(client.exitCode()).describedAs(client.messages()).isEqualTo(ExitCodes.PEER);
      assertThat(client.messages()).contains("truncated").doesNotContain("\tat ");
      // It finds the same if the client has published before it failed. Otherwise there is nothing
      // to be read, and it sees no more than a client that closes.
      assertThat(server.exitCode())
          .describedAs(server.messages())
          .isIn(ExitCodes.PEER, ExitCodes.DONE);
      assertThat(server.messages()).doesNotContain("\tat ");
    }
  }

  private static void refused(Running command, Path what) throws Exception {
    assertThat(command.exitCode()).describedAs(command.messages()).isEqualTo(ExitCodes.FAILED);
    assertThat(command.messages()).contains(what.toString()).hasLineCount(1);
  }

  private static void missing(Running client) throws Exception {
    assertThat(client.exitCode()).describedAs(client.messages()).isEqualTo(ExitCodes.TIMEOUT);
    assertThat(client.messages().lines().count()).isBetween(1L, 2L);
    assertThat(client.messages()).doesNotContain("Exception");
  }

  private static void makePrivate(Path directory) throws Exception {
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  private static void plant(Path root, String name, String text) throws Exception {
    makePrivate(root);
    Path file = root.resolve(name);
    makePrivate(file.getParent());
    Files.writeString(file, text);
  }
}
