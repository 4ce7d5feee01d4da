// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.DomainId;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventChannel.Peer;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Memory.Access;
import dev.vchan.spi.Memory.Mapping;
import dev.vchan.spi.Memory.Share;
import dev.vchan.spi.Memory.UnmapNotify;
import dev.vchan.spi.StaleAdvertisementException;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The format of the event sockets, byte by byte, against peers that keep to it and some that don't.
 */
class EventSocketTest {

  private static final DomainId SERVER = DomainId.DOM0;
  private static final DomainId CLIENT = new DomainId(1);
  private static final long LONG_NANOS = 30_000_000_000L;

  private final Meeting meeting = new Meeting();

  @AfterEach
  void nothingIsLeft() throws Exception {
    meeting.close();
  }

  @Test
  void aPeerThatIsWrittenFromTheDocumentBindsAndIsHeard() throws Exception {
    try (EventChannel port = listen();
        RawPeer peer = RawPeer.call(meeting, port)) {
      peer.sayHello(0, port);
      byte[] answer = peer.read(32);
      assertThat(new String(answer, 0, 8)).isEqualTo("vchanevt");
      assertThat(answer).containsSequence(1, 0, 0, 0, 0, 0, 1, 0).endsWith(0, 0, 0, 0, 0, 0, 0, 0);
      assertThat(port.peer()).isEqualTo(Peer.BOUND);
      assertThat(meeting.files()).isEmpty();
      long seen = port.received();
      peer.write(1);
      assertThat(port.await(seen, LONG_NANOS)).isTrue();
      port.send();
      assertThat(peer.read(1)).containsExactly(1);
      peer.write(2);
      Watchdog.until("unbound", () -> port.peer() == Peer.UNBOUND);
      Watchdog.until("listening again", () -> meeting.files().size() == 1);
    }
  }

  @Test
  void aFrameMayComeInPiecesAndAnUnknownOneIsSkipped() throws Exception {
    try (EventChannel port = listen();
        RawPeer peer = RawPeer.call(meeting, port)) {
      for (byte piece : RawPeer.hello(1, 0, 1, 0, 77, port.port().value(), 0)) {
        peer.write(piece);
      }
      peer.read(32);
      long seen = port.received();
      peer.write(0x7f, 3, 9);
      peer.write(9, 9, 0x20, 0, 0xff, 40);
      peer.write(new byte[40]);
      assertThat(port.received()).isEqualTo(seen);
      peer.write(1);
      assertThat(port.await(seen, LONG_NANOS)).isTrue();
      assertThat(port.peer()).isEqualTo(Peer.BOUND);
    }
  }

  @Test
  void whoSaysAnythingButAProperHelloIsToldWhyAndTurnedAway() throws Exception {
    try (EventChannel port = listen()) {
      int number = port.port().value();
      refused(port, RawPeer.hello(1, 0, 2, 0, 77, number, 0), 1);
      refused(port, RawPeer.hello(1, 0, 1, 2, 77, number, 0), 1);
      refused(port, RawPeer.hello(1, 0, 1, 0, 77, number + 1, 0), 1);
      refused(port, RawPeer.hello(2, 0, 1, 0, 77, number, 0), 3);
      refused(port, RawPeer.hello(1, 0, 1, 0, 77, number, 1), 3);
      refused(port, new byte[32], 3);
      assertThat(port.peer()).isEqualTo(Peer.UNBOUND);
      try (EventChannel proper = meeting.open(1).events().connect(SERVER, port.port())) {
        assertThat(proper.peer()).isEqualTo(Peer.BOUND);
      }
    }
  }

  private void refused(EventChannel port, byte[] hello, int status) throws Exception {
    try (RawPeer peer = RawPeer.call(meeting, port)) {
      peer.write(hello);
      assertThat(peer.read(32)[10]).isEqualTo((byte) status);
      assertThat(peer.atEnd()).isTrue();
    }
  }

  @Test
  void whoStandsInTheDoorInSilenceDoesNotKeepOthersOut() throws Exception {
    List<RawPeer> silent = new ArrayList<>();
    try (EventChannel port = listen()) {
      for (int i = 0; i < 7; i++) {
        silent.add(RawPeer.call(meeting, port));
      }
      silent.getFirst().write(1, 2, 3);
      try (EventChannel proper = meeting.open(1).events().connect(SERVER, port.port())) {
        assertThat(proper.peer()).isEqualTo(Peer.BOUND);
        // Those who were there first are told that they were too slow.
        assertThat(silent.getLast().read(32)[10]).isEqualTo((byte) 2);
        assertThat(silent.getLast().atEnd()).isTrue();
      }
    } finally {
      for (RawPeer each : silent) {
        each.close();
      }
    }
  }

  @Test
  void whoFillsTheDoorIsThrownOutAfterAWhile() throws Exception {
    List<RawPeer> silent = new ArrayList<>();
    try (EventChannel port = listen()) {
      for (int i = 0; i < 12; i++) {
        silent.add(RawPeer.call(meeting, port));
      }
      assertThat(silent.getFirst().atEnd()).isTrue();
    } finally {
      for (RawPeer each : silent) {
        each.close();
      }
    }
  }

  @Test
  void aServerThatDoesNotAnswerIsStale() throws Exception {
    LocalBackend client = meeting.open(1);
    try (EventChannel port = meeting.open(0).events().listen(CLIENT);
        RawServer mute = RawServer.instead(meeting, port)) {
      assertThatThrownBy(() -> client.events().connect(SERVER, port.port()))
          .isInstanceOf(StaleAdvertisementException.class)
          .hasMessageContaining("does not answer");
      try (RawPeer caller = mute.accept()) {
        // A hello, and a goodbye when it gave up.
        assertThat(caller.read(33)).hasSize(33).endsWith(2);
      }
    }
  }

  @Test
  void aPeerThatNeverReadsBlocksNobodyNotEvenAtTheEnd() throws Exception {
    EventChannel port = listen();
    try (RawPeer peer = RawPeer.call(meeting, port)) {
      peer.sayHello(0, port);
      peer.read(32);
      for (int i = 0; i < 100_000; i++) {
        port.send();
      }
      port.close();
      // Events coalesced in the socket; after them comes the goodbye, which had to wait.
      byte last = 0;
      for (byte[] next = peer.read(1); next.length == 1; next = peer.read(1)) {
        last = next[0];
      }
      assertThat(last).isEqualTo((byte) 2);
    }
  }

  @Test
  void aPeerThatNeverReadsIsHungUpOnAfterAWhile() throws Exception {
    EventChannel port = listen();
    try (RawPeer peer = RawPeer.call(meeting, port)) {
      peer.sayHello(0, port);
      peer.read(32);
      for (int i = 0; i < 100_000; i++) {
        port.send();
      }
      port.close();
      Watchdog.until("hung up on", () -> isHungUpOn(peer));
    }
  }

  private static boolean isHungUpOn(RawPeer peer) {
    try {
      peer.write(1);
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void aFloodOfEventsFromOnePeerStarvesNobody() throws Exception {
    LocalBackend backend = meeting.open(0);
    try (EventChannel flooded = backend.events().listen(CLIENT);
        EventChannel quiet = backend.events().listen(CLIENT);
        RawPeer flood = RawPeer.call(meeting, flooded);
        RawPeer other = RawPeer.call(meeting, quiet)) {
      flood.sayHello(0, flooded);
      other.sayHello(0, quiet);
      other.read(32);
      byte[] events = new byte[100_000];
      Arrays.fill(events, (byte) 1);
      Watchdog.Task<Boolean> flooding =
          Watchdog.start(
              "flood",
              () -> {
                // Only a write ends it: the interrupt may come between two of them.
                for (; ; ) {
                  flood.write(events);
                }
              });
      for (int i = 0; i < 1000; i++) {
        long seen = quiet.received();
        other.write(1);
        assertThat(quiet.await(seen, LONG_NANOS)).isTrue();
      }
      flooding.thread().interrupt();
      flooding.failure();
    }
  }

  @Test
  void aHangUpWithoutAGoodbyeIsADeathAndClearsTheBytesThePeerNamed() throws Exception {
    LocalBackend backend = meeting.open(0);
    try (EventChannel port = backend.events().listen(CLIENT);
        Share page = backend.memory().share(CLIENT, 2, Optional.empty());
        Share foreign = backend.memory().share(new DomainId(2), 1, Optional.empty())) {
      page.segment().fill((byte) 0x11);
      foreign.segment().fill((byte) 0x11);
      try (RawPeer peer = RawPeer.call(meeting, port)) {
        peer.sayHello(0, port);
        peer.read(32);
        int ref = page.grants().getFirst().value();
        peer.notice(0x10, 0, 20, ref);
        peer.notice(0x10, 0, 4095, ref + 1);
        peer.notice(0x10, 0, 30, ref);
        peer.notice(0x11, 0, 30, ref);
        // None of these names a byte of a page that is shared with this peer.
        peer.notice(0x10, 0, 4096, ref);
        peer.notice(0x10, 0, 65535, ref);
        peer.notice(0x10, 0, 0, ref + 2);
        peer.notice(0x10, 0, 0, ref - 1);
        peer.notice(0x10, 1, 0, ref);
        peer.notice(0x10, 0, 0, foreign.grants().getFirst().value());
        peer.notice(0x10, 0, 0, -1);
      }
      assertThat(port.await(0, LONG_NANOS)).isTrue();
      assertThat(port.peer()).isEqualTo(Peer.DIED);
      byte[] after = page.segment().toArray(ValueLayout.JAVA_BYTE);
      assertThat(after[20]).isZero();
      assertThat(after[4096 + 4095]).isZero();
      after[20] = 0x11;
      after[4096 + 4095] = 0x11;
      assertThat(after).containsOnly(0x11);
      assertThat(foreign.segment().toArray(ValueLayout.JAVA_BYTE)).containsOnly(0x11);
    }
  }

  @Test
  void whatThePeerAskedForIsDoneAlsoInAPageThatIsMappedAfterItsDeath() throws Exception {
    LocalBackend client = meeting.open(1);
    LocalBackend server = meeting.open(0);
    try (EventChannel port = server.events().listen(CLIENT);
        RawServer raw = RawServer.instead(meeting, port);
        Share page = server.memory().share(CLIENT, 1, Optional.empty())) {
      page.segment().fill((byte) 0x11);
      Watchdog.Task<EventChannel> connecting =
          Watchdog.start("client", () -> client.events().connect(SERVER, port.port()));
      RawPeer peer = raw.accept();
      byte[] hello = peer.read(32);
      peer.write(RawPeer.hello(1, 0, 0, 1, port.port().value(), RawPeer.port(hello), 0));
      peer.notice(0x10, 0, 21, page.grants().getFirst().value());
      try (EventChannel bound = connecting.get()) {
        peer.close();
        Watchdog.until("dead", () -> bound.peer() == Peer.DIED);
        try (Mapping map =
            client
                .memory()
                .map(
                    SERVER,
                    page.grants(),
                    Access.READ_WRITE,
                    Optional.of(new UnmapNotify(20, bound)))) {
          assertThat(map.segment().get(ValueLayout.JAVA_BYTE, 21)).isZero();
        }
      }
    }
  }

  @Test
  void aPeerThatAsksForTooMuchOrTalksNonsenseIsHungUpOn() throws Exception {
    try (EventChannel port = listen()) {
      for (byte[] nonsense :
          List.of(new byte[] {0}, new byte[] {0x0f}, new byte[] {0x10, 7, 0, 0, 0, 0, 0, 0, 0})) {
        try (RawPeer peer = RawPeer.callUntilHeard(meeting, port)) {
          peer.sayHello(0, port);
          peer.read(32);
          peer.write(nonsense);
          assertThat(peer.atEnd()).isTrue();
        }
      }
      try (RawPeer peer = RawPeer.callUntilHeard(meeting, port)) {
        peer.sayHello(0, port);
        peer.read(32);
        for (int i = 0; i < 65; i++) {
          peer.notice(0x10, 0, i, 256);
        }
        assertThat(peer.atEnd()).isTrue();
      }
    }
  }

  @Test
  void interruptsDoNotCloseTheSocketOfWhoeverSends() throws Exception {
    try (EventChannel port = listen();
        RawPeer peer = RawPeer.call(meeting, port)) {
      peer.sayHello(0, port);
      peer.read(32);
      Watchdog.Task<Integer> sender =
          Watchdog.start(
              "sender",
              () -> {
                int interrupts = 0;
                for (int i = 0; i < 200_000; i++) {
                  port.send();
                  if (i % 16 == 0 && Thread.interrupted()) {
                    interrupts++;
                  }
                }
                return interrupts;
              });
      Watchdog.Task<Boolean> drain =
          Watchdog.start(
              "drain",
              () -> {
                for (byte[] next = peer.read(1); next[0] == 1; ) {
                  next = peer.read(1);
                }
                return true;
              });
      while (!sender.outcome().isDone()) {
        sender.thread().interrupt();
        Thread.onSpinWait();
      }
      assertThat(sender.get()).isPositive();
      assertThat(port.peer()).isEqualTo(Peer.BOUND);
      long seen = port.received();
      peer.write(1);
      assertThat(port.await(seen, LONG_NANOS)).isTrue();
      port.close();
      assertThat(drain.get()).isTrue();
    }
  }

  @Test
  void theDispatcherSleepsWhileNothingHappens() throws Exception {
    LocalBackend server = meeting.open(0);
    LocalBackend client = meeting.open(1);
    try (EventChannel idle = server.events().listen(CLIENT);
        EventChannel port = server.events().listen(CLIENT);
        EventChannel bound = client.events().connect(SERVER, port.port())) {
      assertThat(bound.await(bound.received(), 100_000_000)).isFalse();
      long turns = server.dispatcherTurns() + client.dispatcherTurns();
      assertThat(bound.await(bound.received(), 500_000_000)).isFalse();
      // Once it is sent away from the socket, and once it looks whether anybody is there.
      assertThat(server.dispatcherTurns() + client.dispatcherTurns()).isBetween(turns, turns + 2);
      assertThat(idle.peer()).isEqualTo(Peer.UNBOUND);
    }
  }

  @Test
  void aNameWithoutALockIsRemovedByWhoeverMeetsIt() throws Exception {
    LocalBackend client = meeting.open(1);
    listen().close();
    Files.createFile(meeting.root().resolve("evtchn/0/4711"));
    assertThatThrownBy(() -> client.events().connect(SERVER, new EventPort(4711)))
        .isInstanceOf(StaleAdvertisementException.class);
    assertThat(meeting.files()).isEmpty();
  }

  private EventChannel listen() throws Exception {
    return meeting.open(0).events().listen(CLIENT);
  }
}
