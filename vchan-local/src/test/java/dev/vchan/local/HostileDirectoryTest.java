// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.ProtocolViolationException;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanTimeoutException;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory.Access;
import dev.vchan.spi.Memory.Share;
import dev.vchan.spi.Memory.UnmapNotify;
import dev.vchan.spi.Rendezvous.Registration;
import dev.vchan.spi.Rendezvous.Watch;
import dev.vchan.spi.StaleAdvertisementException;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Files of every kind, where the format has something else. */
class HostileDirectoryTest {

  private static final DomainId SERVER = DomainId.DOM0;
  private static final DomainId CLIENT = new DomainId(1);
  private static final PortName PORT = new PortName("hostile");
  private static final RendezvousPath PATH = RendezvousPath.of(SERVER, CLIENT, PORT);

  private final Meeting meeting = new Meeting();

  @AfterEach
  void nothingIsLeft() throws Exception {
    meeting.close();
  }

  /** Puts something somewhere. */
  private interface Prank {
    void play(Path where) throws Exception;
  }

  private static final List<Prank> PRANKS =
      List.of(
          file -> Files.write(file, new byte[0]),
          file -> Files.write(file, new byte[4096]),
          file -> Files.write(file, new byte[1 << 20]),
          file -> Files.writeString(file, "ring-ref=256\nevent-channel=1\n"),
          file -> Files.writeString(file, ".server=0\n.client=1\nring-ref=256\n"),
          file -> Files.writeString(file, ".server=0\n.client=1\nring-ref=-1\nevent-channel=1\n"),
          file -> Files.writeString(file, ".server=0\n.client=1\nring-ref=0\nevent-channel=0\n"),
          file -> Files.writeString(file, ".server=0\n.client=2\nring-ref=256\nevent-channel=1\n"),
          file -> Files.writeString(file, ".server=1\n.client=1\nring-ref=256\nevent-channel=1\n"),
          file ->
              Files.writeString(
                  file, ".server=0\n.client=1\nring-ref=256\nring-ref=256\nevent-channel=1\n"),
          file -> Files.writeString(file, ".server=0\n.client=1\nring-ref=256\nevent-channel=1\nx"),
          file ->
              Files.writeString(
                  file, ".server=0\n.client=1\nring-ref=4294967296\nevent-channel=12abc\n"),
          file ->
              Files.writeString(
                  file,
                  ".server=0\n.client=1\nevent-channel=1\nring-ref=" + "1".repeat(4096) + "\n"),
          file ->
              Files.writeString(
                  file,
                  ".server=0\n.client=1\nring-ref=256\nevent-channel=1\n" + "y=z\n".repeat(2000)),
          HostileDirectoryTest::writeRandom,
          Files::createDirectory,
          file -> Files.createSymbolicLink(file, Path.of("/dev/zero")),
          file -> Files.createSymbolicLink(file, file.getFileName()),
          HostileDirectoryTest::makePipe);

  private static void writeRandom(Path file) throws IOException {
    byte[] bytes = new byte[3000];
    new Random(3).nextBytes(bytes);
    Files.write(file, bytes);
  }

  private static void makePipe(Path file) throws Exception {
    assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
  }

  @Test
  void whateverLiesThereInsteadOfAnAdvertisementIsNoneAndGivesWayToOne() throws Exception {
    LocalBackend client = meeting.open(1);
    LocalBackend server = meeting.open(0);
    Path node = meeting.root().resolve("store" + PATH);
    for (Prank prank : PRANKS) {
      Files.createDirectories(node);
      prank.play(node.resolve(".keys"));
      try (Watch watch = client.rendezvous().watch(PATH, SERVER)) {
        assertThat(watch.look()).isEmpty();
        long seen = watch.changes();
        try (Registration held = server.rendezvous().register(PATH, CLIENT)) {
          held.publish(new Advertisement(new GrantRef(256), new EventPort(7)));
          assertThat(watch.look()).isPresent();
          assertThat(watch.await(seen, 30_000_000_000L)).isTrue();
        }
      }
      assertThat(meeting.files()).isEmpty();
    }
  }

  @Test
  void whatCannotBeReplacedIsNamedWithTheRemedy() throws Exception {
    LocalBackend server = meeting.open(0);
    Path inTheWay = meeting.root().resolve("store" + PATH + "/.keys/full");
    Files.createDirectories(inTheWay);
    assertThatThrownBy(() -> server.rendezvous().register(PATH, CLIENT))
        .isInstanceOf(SystemRefusedException.class)
        .hasMessageContaining("remove what is in");
    Files.delete(inTheWay);
    server.rendezvous().register(PATH, CLIENT).close();
  }

  @Test
  void leavesThatNobodyKnowsAreIgnored() throws Exception {
    LocalBackend client = meeting.open(1);
    Path node = meeting.root().resolve("store" + PATH);
    Files.createDirectories(node);
    Files.writeString(
        node.resolve(".keys"),
        ".server=0\n.client=1\n.future=\nother=a=b\nring-ref=4294967295\n\nevent-channel=1\0\n");
    try (Watch watch = client.rendezvous().watch(PATH, SERVER)) {
      assertThat(watch.look()).contains(new Advertisement(new GrantRef(-1), new EventPort(1)));
    }
    meeting.open(2);
    assertThat(meeting.files()).isEmpty();
  }

  @Test
  void whateverLiesThereInsteadOfAPageIsStale() throws Exception {
    LocalBackend client = meeting.open(1);
    LocalBackend server = meeting.open(0);
    for (Prank prank : PRANKS) {
      Path file;
      List<GrantRef> grants;
      try (Share share = server.memory().share(CLIENT, 256, Optional.empty())) {
        file = meeting.root().resolve("gnt/0/" + share.grants().getFirst() + ".1");
        grants = List.of(share.grants().getFirst(), share.grants().get(1));
        Files.delete(file);
        prank.play(file);
        if (Files.isRegularFile(file) && Files.size(file) >= 8192) {
          client.memory().map(SERVER, grants, Access.READ_ONLY, Optional.empty()).close();
        } else {
          for (Access access : Access.values()) {
            assertThatThrownBy(() -> client.memory().map(SERVER, grants, access, Optional.empty()))
                .isInstanceOf(StaleAdvertisementException.class);
          }
        }
      }
      assertThat(file).doesNotExist();
    }
  }

  @Test
  void whateverLiesThereInsteadOfASocketIsStaleAndMakesRoom() throws Exception {
    LocalBackend client = meeting.open(1);
    LocalBackend server = meeting.open(0);
    for (Prank prank : PRANKS) {
      try (EventChannel port = server.events().listen(CLIENT)) {
        Path file = meeting.root().resolve("evtchn/0/" + port.port());
        Files.delete(file);
        prank.play(file);
        assertThatThrownBy(() -> client.events().connect(SERVER, port.port()))
            .isInstanceOf(StaleAdvertisementException.class);
      }
    }
    assertThat(meeting.files()).isEmpty();
  }

  @Test
  void aConnectToGarbageTimesOutInWords() throws Exception {
    LocalBackend client = meeting.open(1);
    Path node = meeting.root().resolve("store" + PATH);
    Files.createDirectories(node);
    Files.writeString(
        node.resolve(".keys"), ".server=0\n.client=1\nring-ref=256\nevent-channel=1\n");
    assertThatThrownBy(
            () ->
                Vchan.connect(
                    client,
                    SERVER,
                    PORT,
                    VchanOptions.DEFAULTS,
                    Deadline.after(Duration.ofMillis(50))))
        .isInstanceOf(VchanTimeoutException.class)
        .hasMessageContaining(PATH.value());
    meeting.open(2);
    assertThat(meeting.files()).isEmpty();
  }

  @Test
  void aPageFileTruncatedByThePeerIsAFailureOfThatChannelAlone() throws Exception {
    LocalBackend server = meeting.open(0);
    LocalBackend client = meeting.open(1);
    VchanOptions options = VchanOptions.DEFAULTS.persisting();
    try (VchanListener listener = VchanListener.open(server, CLIENT, PORT, options);
        Vchan connected = Vchan.connect(client, SERVER, PORT, VchanOptions.DEFAULTS, Ends.soon());
        Vchan accepted = listener.accept(Ends.soon())) {
      for (String name : meeting.files()) {
        if (name.startsWith("gnt/")) {
          try (FileChannel file =
              FileChannel.open(meeting.root().resolve(name), StandardOpenOption.WRITE)) {
            file.truncate(0);
          }
        }
      }
      ByteBuffer buffer = ByteBuffer.allocate(10);
      assertThatThrownBy(() -> accepted.read(buffer, Ends.soon()))
          .isInstanceOf(ProtocolViolationException.class)
          .hasMessageContaining("truncated");
      assertThatThrownBy(() -> connected.write(buffer, Ends.soon()))
          .isInstanceOf(ProtocolViolationException.class);
      try (Ends others = Ends.open(server, client, VchanOptions.DEFAULTS, VchanOptions.DEFAULTS)) {
        others.server().write(US_ASCII.encode("alive"));
        assertThat(others.client().read(buffer)).isEqualTo(5);
      }
    }
  }

  @Test
  void aServersCloseOfATruncatedPageStillTellsTheOther() throws Exception {
    LocalBackend server = meeting.open(0);
    LocalBackend client = meeting.open(1);
    try (EventChannel port = server.events().listen(CLIENT);
        EventChannel bound = client.events().connect(SERVER, port.port())) {
      Share share = server.memory().share(CLIENT, 1, Optional.of(new UnmapNotify(21, port)));
      try (FileChannel file =
          FileChannel.open(
              meeting.root().resolve("gnt/0/" + share.grants().getFirst() + ".1"),
              StandardOpenOption.WRITE)) {
        file.truncate(0);
      }
      long seen = bound.received();
      share.close();
      assertThat(bound.await(seen, 30_000_000_000L)).isTrue();
    }
  }

  @Test
  void waitingSurvivesTheRemovalOfTheDirectory() throws Exception {
    LocalBackend client = meeting.open(1);
    LocalBackend server = meeting.open(0);
    try (Watch watch = client.rendezvous().watch(PATH, SERVER)) {
      for (int round = 0; round < 5; round++) {
        Watchdog.Task<Boolean> waiting =
            Watchdog.start(
                "waiting",
                () -> {
                  for (; ; ) {
                    long seen = watch.changes();
                    if (watch.look().isPresent()) {
                      return true;
                    }
                    watch.await(seen, 30_000_000_000L);
                  }
                });
        Path node = meeting.root().resolve("store" + PATH);
        Watchdog.until("watching", () -> Files.isDirectory(node));
        Files.delete(node);
        try (Registration held = server.rendezvous().register(PATH, CLIENT)) {
          held.publish(new Advertisement(new GrantRef(256), new EventPort(round + 1)));
          assertThat(waiting.get()).isTrue();
        }
      }
    }
  }

  @Test
  void withdrawingTakesThePageAndThePortAwayFromWhoeverRemembersThem() throws Exception {
    LocalBackend client = meeting.open(1);
    LocalBackend server = meeting.open(0);
    try (EventChannel port = server.events().listen(CLIENT);
        Share page = server.memory().share(CLIENT, 1, Optional.empty());
        Registration held = server.rendezvous().register(PATH, CLIENT)) {
      held.publish(new Advertisement(page.grants().getFirst(), port.port()));
      held.withdraw();
      assertThatThrownBy(() -> client.events().connect(SERVER, port.port()))
          .isInstanceOf(StaleAdvertisementException.class);
      assertThatThrownBy(
              () -> client.memory().map(SERVER, page.grants(), Access.READ_WRITE, Optional.empty()))
          .isInstanceOf(StaleAdvertisementException.class);
      // For observers alone, until the page is given up.
      assertThat(meeting.files())
          .containsExactly(
              "gnt/0/" + page.grants().getFirst() + ".1.local.domain.0.data.vchan.1.hostile");
    }
    assertThat(meeting.files()).isEmpty();
  }

  @Test
  void interruptsSpoilNoFile() throws Exception {
    LocalBackend server = meeting.open(0);
    LocalBackend client = meeting.open(1);
    Watchdog.Task<Integer> work =
        Watchdog.start(
            "work",
            () -> {
              int interrupts = 0;
              for (int i = 0; i < 200; i++) {
                try (Share share = server.memory().share(CLIENT, 4, Optional.empty());
                    Registration held = server.rendezvous().register(PATH, CLIENT);
                    Watch watch = client.rendezvous().watch(PATH, SERVER)) {
                  held.publish(new Advertisement(share.grants().getFirst(), new EventPort(1)));
                  assertThat(watch.look()).isPresent();
                  client
                      .memory()
                      .map(SERVER, share.grants(), Access.READ_ONLY, Optional.empty())
                      .close();
                }
                interrupts += Thread.interrupted() ? 1 : 0;
              }
              return interrupts;
            });
    while (!work.outcome().isDone()) {
      work.thread().interrupt();
      Thread.onSpinWait();
    }
    assertThat(work.get()).isPositive();
    // The file of locks is one that an interrupt could have closed, and all locks with it.
    try (Registration held = server.rendezvous().register(PATH, CLIENT)) {
      assertThatThrownBy(() -> meeting.open(0).rendezvous().register(PATH, CLIENT))
          .isInstanceOf(SystemRefusedException.class);
      held.withdraw();
    }
  }
}
