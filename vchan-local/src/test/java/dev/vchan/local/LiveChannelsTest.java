// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static dev.vchan.local.ChildMain.CLIENT;
import static dev.vchan.local.ChildMain.PORT;
import static dev.vchan.local.ChildMain.SERVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.PageSnapshot;
import dev.vchan.PageSnapshot.Side;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Channels as somebody sees them who is not part of them. */
class LiveChannelsTest {

  private static final RendezvousPath PATH = RendezvousPath.of(SERVER, CLIENT, PORT);
  private static final long OWN_PID = ProcessHandle.current().pid();

  private final Meeting meeting = new Meeting();
  private final LiveChannels channels = LiveChannels.in(meeting.root());

  @AfterEach
  void nothingIsLeft() throws Exception {
    meeting.close();
  }

  private LiveChannel only() throws IOException {
    List<LiveChannel> found = channels.look();
    assertThat(found).hasSize(1);
    return found.getFirst();
  }

  private static PageSnapshot page(LiveChannel channel) {
    return channel.snapshot().orElseThrow();
  }

  @Test
  void aChannelIsFoundFromItsAdvertisementToItsClose() throws Exception {
    LocalBackend server = meeting.open(0);
    LocalBackend client = meeting.open(1);
    try (VchanListener listener = VchanListener.open(server, CLIENT, PORT, VchanOptions.DEFAULTS)) {
      LiveChannel waiting = only();
      assertThat(waiting.path()).isEqualTo(PATH);
      assertThat(waiting.advertised()).isTrue();
      assertThat(page(waiting).client().live()).isEqualTo(Side.AWAITED);
      assertThat(channels.processes().server(waiting)).get().matches(one -> one.pid() == OWN_PID);
      assertThat(channels.processes().client(waiting)).isEmpty();

      try (Vchan connected =
              Vchan.connect(client, SERVER, PORT, VchanOptions.DEFAULTS, Ends.soon());
          Vchan accepted = listener.accept(Ends.soon())) {
        connected.write(ByteBuffer.allocate(300));
        accepted.write(ByteBuffer.allocate(100));
        LiveChannel channel = only();
        assertThat(channel.page()).isEqualTo(waiting.page());
        assertThat(channel.path()).isEqualTo(PATH);
        assertThat(channel.advertised()).isFalse();
        assertThat(channel.steady()).isTrue();
        assertThat(page(channel).toServer().distance()).isEqualTo(300);
        assertThat(page(channel).toClient().distance()).isEqualTo(100);
        // Both ends are in this process.
        LiveProcesses processes = channels.processes();
        assertThat(processes.server(channel)).isEqualTo(processes.client(channel)).isPresent();
      }
      assertThat(channels.look()).isEmpty();
    }
  }

  @Test
  void theProcessesOfBothSidesAreToldApart() throws Exception {
    LocalBackend own = meeting.open(0);
    try (ChildProcess child = ChildProcess.start("echo", meeting.root().toString(), "1");
        Vchan _ = Vchan.listen(own, CLIENT, PORT, VchanOptions.DEFAULTS, Ends.soon())) {
      LiveChannel channel = only();
      LiveProcesses before = channels.processes();
      assertThat(before.server(channel)).get().matches(one -> one.pid() == OWN_PID);
      assertThat(before.client(channel))
          .get()
          .matches(one -> one.pid() == child.pid() && !one.isStopped());
      child.kill();
      assertThat(channels.processes().client(channel)).isEmpty();
      assertThat(channels.processes().server(channel)).isPresent();
    }
  }

  @Test
  void aKilledServersChannelHasNoServerAndIsRemovedByWhoeverOpensTheDirectoryNext()
      throws Exception {
    try (ChildProcess child = ChildProcess.start("echo", meeting.root().toString(), "0")) {
      Watchdog.until("listens", () -> !look().isEmpty());
      LocalBackend own = meeting.open(1);
      try (Vchan _ = Vchan.connect(own, SERVER, PORT, VchanOptions.DEFAULTS, Ends.soon())) {
        Watchdog.until("is taken", () -> look().stream().noneMatch(LiveChannel::advertised));
        assertThat(channels.processes().server(only())).isPresent();
        child.kill();
        LiveChannel orphan = only();
        assertThat(channels.processes().server(orphan)).isEmpty();
        assertThat(channels.processes().client(orphan)).isPresent();
        meeting.open(7);
        assertThat(channels.look()).isEmpty();
      }
    }
    assertThat(meeting.files()).isEmpty();
  }

  @Test
  void aDirectoryThatSomebodyDiedInBeforeRemovingItIsRemovedByWhoeverOpensNext() throws Exception {
    meeting.open(1);
    Path left = meeting.root().resolve("store/local/domain/0/data/vchan/1/died");
    Files.createDirectories(left);
    meeting.open(7);
    assertThat(meeting.root().resolve("store")).isEmptyDirectory();
  }

  private List<LiveChannel> look() {
    try {
      return channels.look();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aPersistentServersPageKeepsItsAdvertisementAndIsFoundByIt() throws Exception {
    LocalBackend server = meeting.open(0);
    LocalBackend client = meeting.open(1);
    VchanOptions options = VchanOptions.DEFAULTS.persisting();
    try (VchanListener listener = VchanListener.open(server, CLIENT, PORT, options);
        Vchan _ = Vchan.connect(client, SERVER, PORT, VchanOptions.DEFAULTS, Ends.soon());
        Vchan _ = listener.accept(Ends.soon())) {
      assertThat(only().advertised()).isTrue();
      assertThat(page(only()).client().live()).isEqualTo(Side.HERE);
    }
  }

  @Test
  void aPageWhosePathIsTooLongForANameIsTakenWithoutOne() throws Exception {
    LocalBackend server = meeting.open(0);
    LocalBackend client = meeting.open(1);
    RendezvousPath path = new RendezvousPath("/a".repeat(200));
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(1000));
    try (VchanListener listener = VchanListener.open(server, CLIENT, path, options)) {
      assertThat(only().path()).isEqualTo(path);
      try (Vchan _ = Vchan.connect(client, SERVER, path, options, Ends.soon());
          Vchan _ = listener.accept(Ends.soon())) {
        assertThat(channels.look()).isEmpty();
        assertThat(meeting.files()).isEmpty();
      }
    }
  }

  @Test
  void lookingChangesNothingAndMakesNothing() throws Exception {
    assertThat(channels.look()).isEmpty();
    assertThat(meeting.root()).doesNotExist();
    assertThat(channels.processes()).isNotNull();
    try (ChildProcess child = ChildProcess.start("listen", meeting.root().toString(), "0")) {
      child.line();
      child.kill();
      List<String> left = meeting.files();
      assertThat(channels.look()).hasSize(1);
      channels.processes();
      assertThat(meeting.files()).isEqualTo(left).isNotEmpty();
    }
    meeting.open(3);
    assertThat(meeting.files()).isEmpty();
  }

  @Test
  void aDirectoryThatOthersCanReachIsRefusedAsEverywhere() throws Exception {
    Files.createDirectory(meeting.root());
    Files.setPosixFilePermissions(meeting.root(), PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThatThrownBy(channels::look).isInstanceOf(SystemRefusedException.class);
    Files.setPosixFilePermissions(meeting.root(), PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void whateverLiesThereInsteadOfAPageIsOneThatCannotBeRead() throws Exception {
    meeting.open(0);
    Path domain = Files.createDirectories(meeting.root().resolve("gnt/0"));
    int number = 0;
    for (Prank prank :
        List.<Prank>of(
            file -> Files.write(file, new byte[0]),
            file -> Files.write(file, new byte[PageSnapshot.BYTES - 1]),
            Files::createDirectory,
            file -> Files.createSymbolicLink(file, Path.of("/dev/zero")),
            file -> Files.createSymbolicLink(file, file.getFileName()),
            file -> new ProcessBuilder("mkfifo", file.toString()).start().waitFor())) {
      number += 256;
      prank.play(domain.resolve(number + ".1.some.path"));
    }
    for (String name :
        List.of("256.1.", "256.1..x", "256.1.a b", "0256.1.x", "256.99999.x", "4294967296.1.x")) {
      Files.createFile(domain.resolve(name));
    }
    // The link that leads to itself is as good as none.
    assertThat(channels.look()).hasSize(5).allMatch(one -> one.snapshot().isEmpty());
    Meeting.delete(domain);
  }

  @Test
  void anAdvertisementThatCannotBeOpenedDoesNotHideTheOthers() throws Exception {
    LocalBackend server = meeting.open(0);
    try (VchanListener _ = VchanListener.open(server, CLIENT, PORT, VchanOptions.DEFAULTS)) {
      Path node = Files.createDirectories(meeting.root().resolve("store/odd"));
      // Which may be read, but not opened as a client opens it, unless by root.
      Files.setPosixFilePermissions(
          Files.createFile(node.resolve(".keys")), PosixFilePermissions.fromString("r--------"));
      assertThat(only().path()).isEqualTo(PATH);
      Meeting.delete(node);
    }
  }

  @Test
  void directoriesAreFollowedAsDeepAsAPathGoesAndNotToTheEndOfTheStack() throws Exception {
    meeting.open(0);
    Path store = meeting.root().resolve("store");
    // As deep as the longest path that the kernel takes.
    int levels = (4000 - store.toString().length()) / 2;
    Path deepest = Files.createDirectories(Path.of(store + "/a".repeat(levels)));
    AtomicReference<List<LiveChannel>> found = new AtomicReference<>();
    Thread small = new Thread(null, () -> found.set(look()), "small", 256 << 10);
    small.start();
    small.join();
    assertThat(found.get()).isEmpty();
    for (Path node = deepest; !node.equals(store); node = node.getParent()) {
      Files.delete(node);
    }
  }

  @Test
  void whoeverIsInterruptedSeesTheSame() throws Exception {
    LocalBackend server = meeting.open(0);
    try (VchanListener _ = VchanListener.open(server, CLIENT, PORT, VchanOptions.DEFAULTS)) {
      Thread.currentThread().interrupt();
      LiveChannel waiting = only();
      LiveProcesses processes = channels.processes();
      assertThat(Thread.interrupted()).isTrue();
      assertThat(waiting.snapshot()).isPresent();
      assertThat(processes.server(waiting)).isPresent();
    }
  }

  @Test
  void whoHasAFileOfTheSameNameElsewhereHasNoPage() throws Exception {
    meeting.open(0);
    Path domain = Files.createDirectories(meeting.root().resolve("gnt/0"));
    Path real = Files.write(domain.resolve("256.1.some.path"), new byte[4096]);
    Path elsewhere = Files.createDirectories(Path.of(meeting.parent() + "/x" + domain));
    Path decoy = Files.copy(real, elsewhere.resolve(real.getFileName()));
    try (Arena arena = Arena.ofConfined()) {
      map(decoy, arena);
      assertThat(channels.processes().client(only())).isEmpty();
      map(real, arena);
      assertThat(channels.processes().client(only())).isPresent();
    }
    Meeting.delete(meeting.parent().resolve("x"));
    Meeting.delete(domain);
  }

  private static void map(Path file, Arena arena) throws IOException {
    try (FileChannel open = FileChannel.open(file)) {
      open.map(FileChannel.MapMode.READ_ONLY, 0, 4096, arena);
    }
  }

  /** Puts something somewhere. */
  private interface Prank {
    void play(Path where) throws Exception;
  }

  @Test
  void filesMayGoGrowAndShrinkWhileTheyAreLookedAt() throws Exception {
    meeting.open(0);
    Path domain = Files.createDirectories(meeting.root().resolve("gnt/0"));
    Path file = domain.resolve("256.1.some.path");
    AtomicBoolean done = new AtomicBoolean();
    Watchdog.Task<Integer> vandal =
        Watchdog.start(
            "vandal",
            () -> {
              int rounds = 0;
              for (; !done.get(); rounds++) {
                Files.write(file, new byte[4096]);
                try (FileChannel open = FileChannel.open(file, StandardOpenOption.WRITE)) {
                  open.truncate(rounds % 30);
                }
                Files.delete(file);
              }
              return rounds;
            });
    int seen = 0;
    for (int i = 0; i < 2000; i++) {
      seen += channels.look().size();
    }
    done.set(true);
    System.out.println("seen " + seen + " times in 2000 looks, " + vandal.get() + " rounds");
    assertThat(seen).isPositive();
  }

  @Test
  void aPageThatNeverRestsIsReadAllTheSame() throws Exception {
    LocalBackend server = meeting.open(0);
    LocalBackend client = meeting.open(1);
    try (Ends ends = Ends.open(server, client, VchanOptions.DEFAULTS, VchanOptions.DEFAULTS)) {
      AtomicBoolean done = new AtomicBoolean();
      Watchdog.Task<Void> writer =
          Watchdog.start(
              "writer",
              () -> {
                while (!done.get()) {
                  ends.client().write(ByteBuffer.allocate(100));
                }
                ends.client().close();
                return null;
              });
      Watchdog.Task<Void> reader =
          Watchdog.start(
              "reader",
              () -> {
                while (ends.server().read(ByteBuffer.allocate(100)) >= 0) {}
                return null;
              });
      for (int i = 0; i < 500; i++) {
        LiveChannel channel = only();
        assertThat(!channel.steady() || page(channel).toServer().isPossible()).isTrue();
      }
      done.set(true);
      writer.get();
      reader.get();
    }
  }
}
