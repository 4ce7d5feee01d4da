// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.PeerDiedException;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.VchanTimeoutException;
import dev.vchan.interop.Traffic.Load;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.ends.End;
import dev.vchan.testkit.ends.PeerProcess;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Role;
import dev.vchan.testkit.ends.Workers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A process that is killed with SIGKILL: its peer gets what was published, notices the death, and
 * names it; nothing is left, and the next two meet at the same place.
 */
class KillTest {

  private static final VchanOptions OPTIONS =
      VchanOptions.DEFAULTS
          .withSizes(RingSizes.both(1))
          // Shorter than this: the death must be noticed by its event.
          .withLookPeriod(Duration.ofMinutes(1));

  /** What the victim has published, and knows to have, before anything else. */
  private static final int PUBLISHED = 100;

  private static final long FOREVER = 1L << 40;

  @BeforeAll
  static void compile() throws IOException {
    Programs.peer();
  }

  /** What the victim is doing when it dies. */
  private enum Moment {
    IDLE,
    READING,
    WRITING,
    TRAFFIC
  }

  @ParameterizedTest
  @CsvSource({
    "SERVER, IDLE",
    "SERVER, READING",
    "SERVER, WRITING",
    "SERVER, TRAFFIC",
    "CLIENT, IDLE",
    "CLIENT, READING",
    "CLIENT, WRITING",
    "CLIENT, TRAFFIC"
  })
  void weNoticeThatAProcessWithLibxenvchanDied(Role own, Moment moment) throws Exception {
    try (Hub hub = new Hub()) {
      try (LocalBackend backend = hub.open();
          CPeer victim = hub.startPeer();
          Vchan channel = Hub.meet(backend, victim, own, OPTIONS)) {
        victim.ask("streams 2 1");
        victim.ask("write %d %d".formatted(PUBLISHED, PUBLISHED));
        switch (moment) {
          case IDLE -> {}
          case READING -> victim.tell("read 300 300");
          case WRITING -> victim.tell("write 100000 5000");
          case TRAFFIC -> victim.tell("both stream %d %d 5000 5000".formatted(FOREVER, FOREVER));
        }
        Pending<Throwable> writing = Workers.PLATFORM.start(() -> writeUntilFailure(channel));
        if (moment == Moment.WRITING) {
          int full = channel.incomingCapacity();
          Watchdog.until("full", () -> dataReady(channel) == full);
        }
        Pending<Throwable> reading = Workers.PLATFORM.start(() -> readUntilFailure(channel));
        if (moment == Moment.TRAFFIC) {
          Watchdog.until("under way", () -> channel.counters().bytesRead() > 500_000);
        } else {
          Watchdog.until("waiting", () -> channel.counters().sleeps() >= 2);
        }
        victim.kill();
        assertThat(reading.get()).isInstanceOf(PeerDiedException.class);
        assertThat(writing.get()).isInstanceOf(PeerDiedException.class);
        assertThat(channel.state()).isEqualTo(VchanState.PEER_DIED);
        assertThat(channel.counters().bytesRead()).isGreaterThanOrEqualTo(PUBLISHED);
        assertThat(channel.counters().endedByPeriod()).isZero();
      }
      meetAgain(hub, own);
    }
  }

  private static int dataReady(Vchan channel) {
    try {
      return channel.dataReady();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Checks every byte that comes. */
  private static Throwable readUntilFailure(Vchan channel) {
    Patterns in = new Patterns(2);
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    try {
      while (channel.read(buffer.clear()) >= 0) {
        in.check(buffer.flip());
      }
      return new AssertionError("the end of the stream after " + in.position() + " bytes");
    } catch (IOException | AssertionError e) {
      return e;
    }
  }

  private static Throwable writeUntilFailure(Vchan channel) {
    Patterns out = new Patterns(1);
    try {
      for (; ; ) {
        channel.write(out.next(3000));
      }
    } catch (IOException e) {
      return e;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SERVER, IDLE",
    "SERVER, READING",
    "SERVER, WRITING",
    "SERVER, TRAFFIC",
    "CLIENT, IDLE",
    "CLIENT, READING",
    "CLIENT, WRITING",
    "CLIENT, TRAFFIC"
  })
  void libxenvchanNoticesThatOurProcessDied(Role victims, Moment moment) throws Exception {
    try (Hub hub = new Hub()) {
      String root = hub.root().toString();
      PeerProcess victim =
          PeerProcess.start(Workers.PLATFORM, () -> LocalBackend.open(Path.of(root), Hub.JAVA));
      try (CPeer peer = hub.startPeer()) {
        End end = meet(victim, peer, victims);
        peer.ask("streams 2 1");
        end.run(channel -> channel.write(new Patterns(1).next(PUBLISHED)));
        // What the library says of a peer that is gone: -1, and that the channel is not open.
        switch (moment) {
          case IDLE -> {
            peer.tell("end");
            victim.kill();
            assertThat(peer.answered()).containsExactly(PUBLISHED, 0);
          }
          case READING -> {
            end.startAndAwaitSleep(channel -> channel.read(ByteBuffer.allocate(1)));
            victim.kill();
            assertThat(peer.ask("end")).containsExactly(PUBLISHED, 0);
          }
          case WRITING -> {
            end.startAndAwaitSleep(channel -> channel.write(ByteBuffer.allocate(100_000)));
            peer.tell("write 100000 5000");
            victim.kill();
            assertThat(peer.answer()).startsWith("closed");
          }
          case TRAFFIC -> {
            peer.tell("both stream %d %d 5000 5000".formatted(FOREVER, FOREVER));
            end.startRun(KillTest::moveForEver);
            Watchdog.until("under way", () -> bytesRead(end) > 500_000);
            victim.kill();
            assertThat(peer.answer()).startsWith("closed");
          }
        }
        assertThat(peer.ask("open")).containsExactly(0);
        peer.ask("close");
      } finally {
        victim.kill();
      }
      meetAgain(hub, victims);
    }
  }

  private static long bytesRead(End end) {
    try {
      return end.call(channel -> channel.counters().bytesRead());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void moveForEver(Vchan channel) throws Exception {
    JavaEnd end = new JavaEnd(channel, 1, 2, 5000, 5000);
    // What was published before is part of the stream.
    end.skip(PUBLISHED);
    Workers.PLATFORM.start(
        () -> {
          end.read(FOREVER);
          return true;
        });
    end.write(FOREVER);
  }

  private static End meet(PeerProcess process, CPeer peer, Role own) throws Exception {
    if (own == Role.SERVER) {
      Pending<End> listening =
          process.open(backend -> Vchan.listen(backend, Hub.C, Hub.MEETING, OPTIONS, Hub.soon()));
      peer.ask("connect %s %s 100000".formatted(Hub.JAVA, Hub.path(Hub.JAVA, Hub.MEETING)));
      return listening.get();
    }
    peer.ask("listen %s %s 1 1".formatted(Hub.JAVA, Hub.path(Hub.C, Hub.MEETING)));
    End end =
        process
            .open(backend -> Vchan.connect(backend, Hub.C, Hub.MEETING, OPTIONS, Hub.soon()))
            .get();
    peer.ask("accept");
    return end;
  }

  /** At the same place, right afterwards. */
  private static void meetAgain(Hub hub, Role own) throws Exception {
    try (LocalBackend backend = hub.open();
        CPeer peer = hub.startPeer();
        Vchan channel = Hub.meet(backend, peer, own, OPTIONS)) {
      Traffic.STREAM.move(channel, peer, 5, new Load(3000, 100), new Load(3000, 100));
    }
  }

  @Test
  void ourClientWaitsOutWhatADeadServerAdvertises() throws Exception {
    RendezvousPath path = Hub.path(Hub.C, "stale");
    try (Hub hub = new Hub();
        LocalBackend backend = hub.open();
        CPeer server = hub.startPeer()) {
      try (CPeer victim = hub.startPeer()) {
        victim.ask("listen %s %s 1 1".formatted(Hub.JAVA, path));
        victim.kill();
      }
      Deadline shortly = Deadline.after(Duration.ofMillis(300));
      assertThatThrownBy(() -> Vchan.connect(backend, Hub.C, path, OPTIONS, shortly))
          .isInstanceOf(VchanTimeoutException.class);
      Pending<Vchan> connecting =
          Workers.PLATFORM.start(() -> Vchan.connect(backend, Hub.C, path, OPTIONS, Hub.soon()));
      server.ask("listen %s %s 1 1".formatted(Hub.JAVA, path));
      try (Vchan channel = connecting.get()) {
        server.ask("accept");
        Traffic.STREAM.move(channel, server, 5, new Load(3000, 100), new Load(3000, 100));
      }
    }
  }

  @Test
  void clientsOfLibxenvchanComeToTheNextServerWhereOneDied() throws Exception {
    RendezvousPath path = Hub.path(Hub.JAVA, Hub.MEETING);
    try (Hub hub = new Hub();
        CPeer client = hub.startPeer()) {
      String root = hub.root().toString();
      PeerProcess victim =
          PeerProcess.start(Workers.PLATFORM, () -> LocalBackend.open(Path.of(root), Hub.JAVA));
      victim.start(
          backend -> VchanListener.open(backend, Hub.C, Hub.MEETING, OPTIONS).accept().isOpen());
      Watchdog.until("advertised", () -> hub.isAdvertised(path));
      victim.kill();
      client.tell("connect %s %s 20".formatted(Hub.JAVA, path));
      assertThat(client.answer()).startsWith("failed");
      try (LocalBackend backend = hub.open();
          VchanListener listener = VchanListener.open(backend, Hub.C, path, OPTIONS)) {
        client.tell("connect %s %s 100000".formatted(Hub.JAVA, path));
        try (Vchan channel = listener.accept(Hub.soon())) {
          client.answered();
          Traffic.STREAM.move(channel, client, 5, new Load(3000, 100), new Load(3000, 100));
        }
      }
    }
  }
}
