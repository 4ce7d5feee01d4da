// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.spi.Memory.Share;
import dev.vchan.testkit.Watchdog;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the system, or the state of the directory, does not allow, and how it is said. */
class RefusalTest {

  private static final DomainId CLIENT = new DomainId(1);
  private static final PortName PORT = new PortName("refused");

  private final Meeting meeting = new Meeting();

  @AfterEach
  void nothingIsLeft() throws Exception {
    meeting.close();
  }

  @Test
  void theDirectoryIsMadePrivateIfItIsMissing() throws Exception {
    meeting.open(0);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(meeting.root())))
        .isEqualTo("rwx------");
  }

  @Test
  void everyFileIsPrivate() throws Exception {
    try (VchanListener listener =
        VchanListener.open(meeting.open(0), CLIENT, PORT, VchanOptions.DEFAULTS)) {
      assertThat(listener.isOpen()).isTrue();
      List<String> files = meeting.files();
      assertThat(files).hasSize(5);
      for (String file : files) {
        assertThat(
                PosixFilePermissions.toString(
                    Files.getPosixFilePermissions(meeting.root().resolve(file))))
            .as(file)
            .isEqualTo("rw-------");
      }
    }
  }

  @Test
  void aDirectoryThatOthersCanReachIntoIsRefused() throws Exception {
    Files.createDirectory(meeting.root());
    Files.setPosixFilePermissions(meeting.root(), PosixFilePermissions.fromString("rwx--x---"));
    refused(meeting.root(), "has mode 0710, must be 0700", "chmod 700");
  }

  @Test
  void whatOthersNeedIsNotToBeTakenFromThem() throws Exception {
    Files.createDirectory(meeting.root());
    Files.setAttribute(meeting.root(), "unix:mode", 01777);
    refused(meeting.root(), "has mode 1777, must be 0700", "name a directory of your own");
    Files.setAttribute(meeting.root(), "unix:mode", 0755);
    Path file = Files.createFile(meeting.root().resolve("file"));
    refused(meeting.root(), "has mode 0755, must be 0700", "name a directory of your own");
    Files.delete(file);
  }

  @Test
  void aDirectoryInUseForSomethingElseIsRefusedAndLeftAsItIs() throws Exception {
    Files.createDirectory(meeting.root(), PosixFilePermissions.asFileAttribute(mode("rwx------")));
    Path file = Files.createFile(meeting.root().resolve("file"));
    refused(meeting.root(), "holds other things than vchans", "name an empty directory");
    assertThat(meeting.files()).containsExactly("file");
    // What lies in one of ours has been put there since; it is left alone.
    Files.delete(file);
    meeting.open(0);
    Files.createFile(file);
    meeting.open(1);
    Files.delete(file);
  }

  @Test
  void onlyTheLastDirectoryIsMade() throws Exception {
    Path missing = meeting.parent().resolve("missing");
    refused(missing.resolve("root"), missing + " does not exist", "VCHAN_DIR");
    assertThat(missing).doesNotExist();
  }

  @Test
  void aSymbolicLinkIsRefusedAlsoToADirectoryThatWouldDo() throws Exception {
    Path target = meeting.parent().resolve("target");
    LocalBackend.open(target, CLIENT).close();
    Files.createSymbolicLink(meeting.root(), target);
    refused(meeting.root(), "is a symbolic link", "VCHAN_DIR");
    Files.delete(meeting.root());
    Files.createSymbolicLink(meeting.root(), Path.of("nowhere"));
    refused(meeting.root(), "is a symbolic link", "VCHAN_DIR");
    Files.delete(meeting.root());
  }

  @Test
  void aFileIsRefused() throws Exception {
    Files.createFile(meeting.root());
    refused(meeting.root(), "is not a directory", "VCHAN_DIR");
    Files.delete(meeting.root());
  }

  @Test
  void aDirectoryOfSomebodyElseIsRefused() throws Exception {
    Path foreign = meeting.parent().resolve("foreign");
    Files.createDirectory(foreign, PosixFilePermissions.asFileAttribute(mode("rwx------")));
    int own = (Integer) Files.getAttribute(foreign, "unix:uid");
    if (own == 0) {
      Files.setAttribute(foreign, "unix:uid", 4711);
      refused(foreign, "belongs to user 4711, this process runs as user 0", "VCHAN_DIR");
    } else {
      // Only root can give a directory away, and only others do not own this one.
      refused(Path.of("/usr"), "belongs to user 0, this process runs as user " + own, "VCHAN_DIR");
    }
  }

  @Test
  void aDirectoryThatCannotBeMadeIsRefused() {
    // Not even root can make a directory there.
    refused(Path.of("/proc/vchan"), "/proc/vchan", "VCHAN_DIR");
  }

  @Test
  void aNameThatLeavesNoRoomForSocketsIsRefused() throws Exception {
    int room = 106 - "/evtchn/32751/2147483647".length();
    String name = "x".repeat(room - meeting.parent().toString().length() - 1);
    Path longest = meeting.parent().resolve(name);
    try (LocalBackend backend = LocalBackend.open(longest, new DomainId(32751))) {
      backend.events().listen(CLIENT).close();
    }
    refused(
        meeting.parent().resolve(name + "x"),
        "with their names 107 bytes, at most 106",
        "name a shorter directory");
  }

  @Test
  void aPathHasOneServerAlsoWithinOneProcess() throws Exception {
    try (VchanListener first =
        VchanListener.open(meeting.open(0), CLIENT, PORT, VchanOptions.DEFAULTS)) {
      LocalBackend second = meeting.open(0);
      assertThatThrownBy(() -> VchanListener.open(second, CLIENT, PORT, VchanOptions.DEFAULTS))
          .isInstanceOf(SystemRefusedException.class)
          .hasMessageContaining(RendezvousPath.of(DomainId.DOM0, CLIENT, PORT).value())
          .hasMessageContaining("process " + ProcessHandle.current().pid());
      assertThat(first.isOpen()).isTrue();
    }
  }

  @Test
  void aFileSystemWithoutRoomRefusesThePagesAndKeepsNothing() throws Exception {
    // 100 blocks of 512 or 1,024 bytes, the shells do not agree: too few for a ring of 1 MiB.
    List<String> limited = List.of("/bin/sh", "-c", "ulimit -f 100 && exec \"$@\"", "limited");
    try (ChildProcess child =
        ChildProcess.start(limited, "listen-large", meeting.root().toString(), "0")) {
      assertThat(child.line())
          .startsWith("SystemRefusedException: " + meeting.root().resolve("gnt/0/"))
          .contains("make room for 1048576 bytes");
      assertThat(child.end()).isEqualTo(1);
    }
    assertThat(meeting.files()).isEmpty();
  }

  @Test
  void aServerWithoutDescriptorsWaitsForBetterTimesInsteadOfSpinning() throws Exception {
    List<String> limited = List.of("/bin/sh", "-c", "ulimit -n 100 && exec \"$@\"", "limited");
    LocalBackend backend = meeting.open(1);
    try (ChildProcess child =
        ChildProcess.start(limited, "starve", meeting.root().toString(), "0")) {
      assertThat(child.line()).isEqualTo("starving");
      Watchdog.Task<Integer> client =
          Watchdog.start(
              "client",
              () -> {
                try (Vchan channel =
                    Vchan.connect(
                        backend,
                        DomainId.DOM0,
                        ChildMain.PORT,
                        VchanOptions.DEFAULTS,
                        Deadline.NEVER)) {
                  return channel.inputStream().read();
                }
              });
      // It tries ten times a second; without a pause it would be woken tens of thousands of times.
      assertThat(Integer.parseInt(child.line())).isBetween(1, 60);
      assertThat(client.get()).isEqualTo(42);
      assertThat(child.end()).isZero();
    }
  }

  @Test
  void tooManyPagesOrNoneAreAnArgumentError() throws Exception {
    LocalBackend backend = meeting.open(0);
    for (int pages : new int[] {-1, 0, 257}) {
      assertThatThrownBy(() -> backend.memory().share(CLIENT, pages, Optional.empty()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(Integer.toString(pages));
    }
  }

  @Test
  void aClosedBackendDoesNothingAndSaysSo() throws Exception {
    LocalBackend backend = meeting.open(0);
    Share share = backend.memory().share(CLIENT, 1, Optional.empty());
    backend.close();
    backend.close();
    share.close();
    assertThatThrownBy(() -> backend.memory().share(CLIENT, 1, Optional.empty()))
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> backend.events().listen(CLIENT)).hasMessageContaining("closed");
    assertThatThrownBy(() -> VchanListener.open(backend, CLIENT, PORT, VchanOptions.DEFAULTS))
        .hasMessageContaining("closed");
  }

  private static Set<PosixFilePermission> mode(String text) {
    return PosixFilePermissions.fromString(text);
  }

  private static void refused(Path root, String problem, String remedy) {
    assertThatThrownBy(() -> LocalBackend.open(root, DomainId.DOM0).close())
        .isInstanceOfSatisfying(
            SystemRefusedException.class,
            e -> {
              assertThat(e.resource()).isEqualTo(root.toString());
              assertThat(e.remedy()).contains(remedy);
            })
        .hasMessageContaining(problem);
  }
}
