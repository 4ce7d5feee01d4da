// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static dev.vchan.local.ChildMain.CLIENT;
import static dev.vchan.local.ChildMain.PORT;
import static dev.vchan.local.ChildMain.SERVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.PeerDiedException;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Channels to another process, which is killed at the worst moments. */
class TwoProcessesTest {

  private final Meeting meeting = new Meeting();

  @AfterEach
  void nothingIsLeft() throws Exception {
    meeting.close();
  }

  @Test
  void bothDirectionsCarryAllBytesAtOnceWhoeverIsTheServer() throws Exception {
    for (int own = 0; own < 2; own++) {
      try (ChildProcess child = start("echo", 1 - own);
          Vchan channel = meet(meeting.open(own))) {
        Watchdog.Task<Long> writer =
            Watchdog.start(
                "writer",
                () -> {
                  Patterns sent = new Patterns(2);
                  while (sent.position() < 10_000_000) {
                    channel.write(sent.next(70_001));
                  }
                  channel.shutdownOutput();
                  return sent.position();
                });
        Patterns back = new Patterns(2);
        ByteBuffer buffer = ByteBuffer.allocate(50_000);
        while (channel.read(buffer.clear()) >= 0) {
          back.check(buffer.flip());
        }
        assertThat(back.position()).isEqualTo(writer.get());
        assertThat(channel.counters().endedByPeriod()).isZero();
        assertThat(child.line()).isEqualTo("done");
        assertThat(child.end()).isZero();
      }
    }
  }

  @Test
  void whatAKilledPeerHadPublishedIsDeliveredAndThenItsDeath() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 6; round++) {
      killWriter(round % 2, random.nextInt(200_000));
    }
  }

  private void killWriter(int own, int readBeforeTheKill) throws Exception {
    Path progress = meeting.parent().resolve("progress" + System.nanoTime());
    Patterns got = new Patterns(1);
    try (ChildProcess child = start("write", 1 - own, progress.toString());
        Vchan channel = meet(meeting.open(own))) {
      ByteBuffer buffer = ByteBuffer.allocate(10_000);
      while (got.position() < readBeforeTheKill) {
        channel.read(buffer.clear());
        got.check(buffer.flip());
      }
      child.kill();
      assertThatThrownBy(
              () -> {
                for (; ; ) {
                  channel.read(buffer.clear(), Ends.soon());
                  got.check(buffer.flip());
                }
              })
          .isInstanceOf(PeerDiedException.class);
      assertThat(channel.state()).isEqualTo(VchanState.PEER_DIED);
      assertThat(channel.counters().endedByPeriod()).isZero();
      assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1)))
          .isInstanceOf(PeerDiedException.class);
    }
    long published =
        ByteBuffer.wrap(Files.readAllBytes(progress)).order(ByteOrder.nativeOrder()).getLong();
    // A write of which only a part had been published when it came is not in the count.
    assertThat(got.position()).isBetween(published, published + ChildMain.LARGEST_WRITE);
    sweep();
  }

  @Test
  void aBlockedWriterLearnsThatItsPeerWasKilled() throws Exception {
    Path progress = meeting.parent().resolve("progress");
    try (ChildProcess child = start("write", 1, progress.toString());
        Vchan channel = meet(meeting.open(0))) {
      Watchdog.Task<Integer> writer =
          Watchdog.start("writer", () -> channel.write(ByteBuffer.allocate(10_000_000)));
      Watchdog.until("asleep", () -> channel.counters().sleeps() > 0);
      child.kill();
      assertThat(writer.failure()).isInstanceOf(PeerDiedException.class);
    }
    sweep();
  }

  @Test
  void leftoversOfAKilledServerAreRemovedByWhoeverOpensTheDirectoryNext() throws Exception {
    try (ChildProcess child = start("listen", 0)) {
      assertThat(child.line()).startsWith("listening");
      List<String> live = meeting.files();
      // Control page, two rings, a socket, and the advertisement.
      assertThat(live).hasSize(5);
      meeting.open(3);
      assertThat(meeting.files()).isEqualTo(live);
      child.kill();
      assertThat(meeting.files()).isEqualTo(live);
      meeting.open(4);
      assertThat(meeting.files()).isEmpty();
    }
  }

  @Test
  void aPathHasOneLiveServerAndADeadOneDoesNotHinder() throws Exception {
    LocalBackend here = meeting.open(0);
    try (ChildProcess child = start("listen", 0)) {
      child.line();
      assertThatThrownBy(() -> VchanListener.open(here, CLIENT, PORT, VchanOptions.DEFAULTS))
          .isInstanceOf(SystemRefusedException.class)
          .hasMessageContaining(RendezvousPath.of(SERVER, CLIENT, PORT).value())
          .hasMessageContaining("process ");
      child.kill();
      try (ChildProcess client = start("echo", 1);
          Vchan channel = meet(here)) {
        channel.write(ByteBuffer.wrap(new byte[] {42}));
        assertThat(channel.inputStream().read()).isEqualTo(42);
        channel.shutdownOutput();
        assertThat(client.line()).isEqualTo("done");
      }
    }
    sweep();
  }

  @Test
  void aClientOutwaitsADeadServersAdvertisementUntilALiveOneComes() throws Exception {
    LocalBackend clientSide = meeting.open(1);
    try (ChildProcess child = start("listen", 0)) {
      child.line();
      child.kill();
      Watchdog.Task<Vchan> client = Watchdog.start("client", () -> meet(clientSide));
      client.untilAsleep();
      try (Vchan server = meet(meeting.open(0));
          Vchan connected = client.get()) {
        assertThat(server.state()).isEqualTo(VchanState.CONNECTED);
        assertThat(connected.state()).isEqualTo(VchanState.CONNECTED);
      }
    }
  }

  @Test
  void aSecondBackendThatClosesDoesNotTakeTheLocksOfTheFirst() throws Exception {
    LocalBackend first = meeting.open(0);
    try (VchanListener listener = VchanListener.open(first, CLIENT, PORT, VchanOptions.DEFAULTS)) {
      meeting.open(2).close();
      try (ChildProcess child = start("listen", 0)) {
        // It cleans when it opens, and would take the path if it could.
        assertThat(child.line()).startsWith("SystemRefusedException");
      }
      assertThat(meeting.files()).hasSize(5);
      assertThat(listener.isOpen()).isTrue();
    }
  }

  private ChildProcess start(String command, int domain, String... more) throws Exception {
    String[] arguments = new String[3 + more.length];
    arguments[0] = command;
    arguments[1] = meeting.root().toString();
    arguments[2] = Integer.toString(domain);
    System.arraycopy(more, 0, arguments, 3, more.length);
    return ChildProcess.start(arguments);
  }

  private static Vchan meet(LocalBackend own) throws Exception {
    Deadline soon = Ends.soon();
    return own.self().equals(SERVER)
        ? Vchan.listen(own, CLIENT, PORT, VchanOptions.DEFAULTS, soon)
        : Vchan.connect(own, SERVER, PORT, VchanOptions.DEFAULTS, soon);
  }

  /** What killed children left is not ours to give back; whoever opens the directory removes it. */
  private void sweep() throws Exception {
    meeting.open(9).close();
    assertThat(meeting.files()).isEmpty();
  }
}
