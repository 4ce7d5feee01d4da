// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.spi.Rendezvous.Watch;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.Watchdog;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Channels between two backends of this JVM. */
class LocalChannelTest {

  private static final PortName PORT = new PortName("local");
  private static final DomainId CLIENT = new DomainId(1);

  private final Meeting meeting = new Meeting();

  @AfterEach
  void nothingIsLeft() throws Exception {
    meeting.close();
  }

  @Test
  void bytesArriveInBothDirectionsAndThenTheEnd() throws Exception {
    try (Ends ends =
        Ends.open(meeting.open(0), meeting.open(1), VchanOptions.DEFAULTS, VchanOptions.DEFAULTS)) {
      ends.server().write(UTF_8.encode("hello"));
      ByteBuffer buffer = ByteBuffer.allocate(100);
      assertThat(ends.client().read(buffer)).isEqualTo(5);
      ends.client().write(UTF_8.encode("bye"));
      ends.client().close();
      buffer.clear();
      assertThat(ends.server().read(buffer)).isEqualTo(3);
      assertThat(ends.server().read(buffer)).isEqualTo(-1);
      assertThat(ends.server().state()).isEqualTo(VchanState.PEER_CLOSED);
    }
  }

  @Test
  void clientComesBeforeItsServer() throws Exception {
    LocalBackend clientSide = meeting.open(1);
    Watchdog.Task<Vchan> client =
        Watchdog.start(
            "client",
            () ->
                Vchan.connect(clientSide, DomainId.DOM0, PORT, VchanOptions.DEFAULTS, Ends.soon()));
    client.untilAsleep();
    try (Vchan server =
            Vchan.listen(meeting.open(0), CLIENT, PORT, VchanOptions.DEFAULTS, Ends.soon());
        Vchan connected = client.get()) {
      assertThat(server.state()).isEqualTo(VchanState.CONNECTED);
      assertThat(connected.state()).isEqualTo(VchanState.CONNECTED);
    }
  }

  @Test
  void aHundredClientsComeOneAfterAnother() throws Exception {
    LocalBackend clientSide = meeting.open(1);
    try (VchanListener listener =
        VchanListener.open(meeting.open(0), CLIENT, PORT, VchanOptions.DEFAULTS)) {
      for (int i = 0; i < 100; i++) {
        Watchdog.Task<Vchan> client =
            Watchdog.start(
                "client",
                () ->
                    Vchan.connect(
                        clientSide, DomainId.DOM0, PORT, VchanOptions.DEFAULTS, Ends.soon()));
        try (Vchan server = listener.accept(Ends.soon());
            Vchan connected = client.get()) {
          connected.write(ByteBuffer.wrap(new byte[] {(byte) i}));
          ByteBuffer got = ByteBuffer.allocate(1);
          assertThat(server.read(got)).isEqualTo(1);
          assertThat(got.get(0)).isEqualTo((byte) i);
        }
      }
    }
  }

  @Test
  void eightClientsAtOnceEachHaveAChannelOfTheirOwn() throws Exception {
    LocalBackend clientSide = meeting.open(1);
    List<Watchdog.Task<Vchan>> clients = new ArrayList<>();
    List<Vchan> all = new ArrayList<>();
    try (VchanListener listener =
        VchanListener.open(meeting.open(0), CLIENT, PORT, VchanOptions.DEFAULTS)) {
      for (int i = 0; i < 8; i++) {
        byte name = (byte) i;
        clients.add(
            Watchdog.start(
                "client",
                () -> {
                  Vchan client =
                      Vchan.connect(
                          clientSide, DomainId.DOM0, PORT, VchanOptions.DEFAULTS, Ends.soon());
                  client.write(ByteBuffer.wrap(new byte[] {name}));
                  return client;
                }));
      }
      int names = 0;
      for (int i = 0; i < 8; i++) {
        Vchan server = listener.accept(Ends.soon());
        all.add(server);
        ByteBuffer name = ByteBuffer.allocate(1);
        assertThat(server.read(name)).isEqualTo(1);
        names |= 1 << name.get(0);
      }
      assertThat(names).isEqualTo(0xff);
      for (Watchdog.Task<Vchan> client : clients) {
        all.add(client.get());
      }
    }
    for (Vchan each : all) {
      each.close();
    }
  }

  @Test
  void aLongStreamArrivesWhole() throws Exception {
    byte[] sent = new byte[100_000_000];
    new Random(1).nextBytes(sent);
    try (Ends ends =
        Ends.open(meeting.open(0), meeting.open(1), VchanOptions.DEFAULTS, VchanOptions.DEFAULTS)) {
      Watchdog.Task<Integer> writer =
          Watchdog.start("writer", () -> ends.server().write(ByteBuffer.wrap(sent)));
      byte[] got = ends.client().inputStream().readNBytes(sent.length);
      writer.get();
      assertThat(got).isEqualTo(sent);
      assertThat(ends.client().counters().endedByPeriod()).isZero();
      assertThat(ends.server().counters().endedByPeriod()).isZero();
    }
  }

  @Test
  void oneBackendMayBeBothSides() throws Exception {
    LocalBackend both = meeting.open(0);
    try (Ends ends = Ends.open(both, both, VchanOptions.DEFAULTS, VchanOptions.DEFAULTS)) {
      ends.server().write(UTF_8.encode("hello"));
      ByteBuffer buffer = ByteBuffer.allocate(100);
      assertThat(ends.client().read(buffer)).isEqualTo(5);
    }
  }

  @Test
  void aChannelWhoseBackendWasClosedFailsAndItsPeerSeesAClose() throws Exception {
    LocalBackend clientSide = meeting.open(1);
    try (Ends ends =
        Ends.open(meeting.open(0), clientSide, VchanOptions.DEFAULTS, VchanOptions.DEFAULTS)) {
      ByteBuffer buffer = ByteBuffer.allocate(1);
      Watchdog.Task<Integer> reader = Watchdog.start("reader", () -> ends.client().read(buffer));
      reader.untilAsleep();
      clientSide.close();
      assertThat(reader.failure()).isInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(() -> ends.client().write(ByteBuffer.allocate(1)))
          .isInstanceOf(ClosedChannelException.class);
      assertThat(ends.server().read(ByteBuffer.allocate(1))).isEqualTo(-1);
      assertThat(ends.server().state()).isEqualTo(VchanState.PEER_CLOSED);
    }
  }

  @Test
  void aDirectoryIsWatchedWhileSomebodyWaitsAndNotForEver() throws Exception {
    LocalBackend client = meeting.open(1);
    RendezvousPath path = RendezvousPath.of(DomainId.DOM0, CLIENT, PORT);
    for (int i = 0; i < 2; i++) {
      try (Watch watch = client.rendezvous().watch(path, DomainId.DOM0)) {
        assertThat(watch.await(watch.changes(), 1_000_000)).isFalse();
        assertThat(isWatching()).isTrue();
      }
    }
    Watchdog.until("nothing watches any more", () -> !isWatching());
  }

  private static boolean isWatching() {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().equals("vchan-local-watch"));
  }

  @Test
  void aListenerWhoseBackendWasClosedLetsItsAccepterGoAndCloses() throws Exception {
    LocalBackend serverSide = meeting.open(0);
    VchanListener listener = VchanListener.open(serverSide, CLIENT, PORT, VchanOptions.DEFAULTS);
    Watchdog.Task<Vchan> accepter = Watchdog.start("accepter", listener::accept);
    accepter.untilAsleep();
    serverSide.close();
    assertThat(accepter.failure()).isInstanceOf(AsynchronousCloseException.class);
    assertThat(listener.isOpen()).isFalse();
    listener.close();
  }

  @Test
  void aListenerThatNobodyAcceptsFromClosesAfterItsBackend() throws Exception {
    LocalBackend serverSide = meeting.open(0);
    VchanListener listener = VchanListener.open(serverSide, CLIENT, PORT, VchanOptions.DEFAULTS);
    serverSide.close();
    listener.close();
    assertThat(listener.isOpen()).isFalse();
  }
}
