// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.PeerDiedException;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.WaitPolicy;
import dev.vchan.inprocess.InProcessHost;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The half-close extension, rule by rule (docs/protocol.md, section 9), looked at from the page.
 * The bytes are those a peer in another language would see; {@link VchanOptions#classic} stands for
 * a peer that does not know the extension.
 */
class HalfCloseTest {

  private static final VchanOptions MODERN =
      VchanOptions.DEFAULTS.withWaitPolicy(WaitPolicy.sleepAtOnce());
  private static final VchanOptions CLASSIC = MODERN.classic();

  private static final int RIGHT_PRODUCER = 12;
  private static final int CLIENT_LIVE = 20;
  private static final int SERVER_LIVE = 21;
  private static final int CLIENT_NOTIFY = 22;
  private static final int SERVER_NOTIFY = 23;
  private static final int WRITE = 0x01;
  private static final int END = 0x40;
  private static final int KNOWN = 0x80;

  private final LeakCheck leaks = new LeakCheck();
  private final InProcessHost host = new InProcessHost();
  private final TracingBackend backend = new TracingBackend(host.domain(Ends.SERVER), new Trace());

  /** The agent's connection to its own JVM stays open; it is not the channel's. */
  @BeforeAll
  static void installTheSeam() {
    SeamHooks.on(SeamPoint.before("none"), () -> {}).close();
  }

  @AfterEach
  void nothingIsLeft() {
    leaks.assertNothingLeft(host);
  }

  @Test
  void aServerOffersItInItsOwnByte() throws IOException {
    assertThat(notifyBytesOfAFreshPage(MODERN)).containsExactly(WRITE | KNOWN, 0);
    assertThat(notifyBytesOfAFreshPage(CLASSIC)).containsExactly(WRITE, 0);
  }

  @Test
  void aServerWhosePageOutlivesItsClientDoesNotOfferIt() throws IOException {
    assertThat(notifyBytesOfAFreshPage(MODERN.persisting())).containsExactly(WRITE, 0);
  }

  @Test
  void aClientAnswersInItsOwnByteIfItWasOffered() throws IOException {
    try (Ends ends = open(MODERN, MODERN)) {
      assertThat(notifyByte(SERVER_NOTIFY)).isEqualTo(WRITE | KNOWN);
      assertThat(ends.server().supportsHalfClose()).isTrue();
      assertThat(ends.client().supportsHalfClose()).isTrue();
    }
  }

  @Test
  void eitherSideAloneDoesNotBringItAbout() throws IOException {
    try (Ends ends = open(CLASSIC, MODERN)) {
      assertThat(notifyByte(SERVER_NOTIFY)).isEqualTo(WRITE);
      assertThat(ends.server().supportsHalfClose()).isFalse();
      assertThat(ends.client().supportsHalfClose()).isFalse();
    }
    try (Ends ends = open(MODERN, CLASSIC)) {
      assertThat(ends.server().supportsHalfClose()).isFalse();
      assertThat(ends.client().supportsHalfClose()).isFalse();
    }
  }

  @Test
  void aClientReplacesWhatItsPredecessorLeft() throws IOException {
    try (VchanListener listener = VchanListener.open(backend, Ends.CLIENT, Ends.PORT, MODERN)) {
      page().set(ValueLayout.JAVA_BYTE, SERVER_NOTIFY, (byte) 0xFF);
      try (Vchan client = connect(CLASSIC);
          Vchan server = listener.accept(Ends.soon())) {
        assertThat(notifyByte(SERVER_NOTIFY)).isEqualTo(WRITE);
        assertThat(server.supportsHalfClose()).isFalse();
        assertThat(client.isOpen()).isTrue();
      }
    }
  }

  @Test
  void theOtherDirectionStaysOpenWhicheverSideEnds() throws IOException {
    try (Ends ends = open(MODERN, MODERN)) {
      oneDirectionEnds(ends.server(), ends.client(), CLIENT_NOTIFY);
    }
    try (Ends ends = open(MODERN, MODERN)) {
      oneDirectionEnds(ends.client(), ends.server(), SERVER_NOTIFY);
    }
  }

  private void oneDirectionEnds(Vchan ends, Vchan goesOn, int notify) throws IOException {
    ends.write(UTF_8.encode("last"));
    assertThat(ends.shutdownOutput()).isTrue();
    assertThat(notifyByte(notify) & END).isEqualTo(END);
    assertThatThrownBy(() -> ends.write(UTF_8.encode("more")))
        .isInstanceOf(ClosedChannelException.class);

    assertThat(read(goesOn)).isEqualTo("last");
    assertThat(read(goesOn)).isEqualTo("the end");
    assertThat(goesOn.state()).isEqualTo(VchanState.CONNECTED);
    goesOn.write(UTF_8.encode("answer"));
    assertThat(read(ends)).isEqualTo("answer");
    assertThat(goesOn.shutdownOutput()).isTrue();
    assertThat(read(ends)).isEqualTo("the end");
  }

  @Test
  void theEndIsFollowedByAnEventThoughNobodyAsked() throws IOException {
    try (Ends ends = open(MODERN, MODERN)) {
      page().set(ValueLayout.JAVA_BYTE, CLIENT_NOTIFY, (byte) KNOWN);
      page().set(ValueLayout.JAVA_BYTE, SERVER_NOTIFY, (byte) KNOWN);
      long before = ends.client().counters().eventsReceived();
      assertThat(ends.server().shutdownOutput()).isTrue();
      assertThat(ends.client().counters().eventsReceived()).isEqualTo(before + 1);
    }
  }

  @Test
  void bytesAndEndBetweenTheReadersTwoLooksAreBothSeen() throws IOException {
    try (Ends ends = open(MODERN, MODERN)) {
      var secondLook =
          SeamPoint.after("intAcquire").at(RIGHT_PRODUCER).by(Thread.currentThread()).nth(2);
      try (var hook =
          SeamHooks.on(
              secondLook,
              () -> {
                ends.server().write(UTF_8.encode("tail"));
                ends.server().shutdownOutput();
              })) {
        assertThat(read(ends.client())).isEqualTo("tail");
        assertThat(hook.hits()).isEqualTo(1);
      }
      assertThat(read(ends.client())).isEqualTo("the end");
    }
  }

  @Test
  void bitsOfAPeerThatDoesNotKnowItMeanNothing() throws IOException {
    try (Ends ends = open(MODERN, CLASSIC)) {
      page().set(ValueLayout.JAVA_BYTE, SERVER_NOTIFY, (byte) 0xFF);
      assertThat(ends.server().tryRead(ByteBuffer.allocate(1))).isZero();
      assertThat(ends.server().state()).isEqualTo(VchanState.CONNECTED);
    }
  }

  @Test
  void onceInForceItStaysInForce() throws IOException {
    try (Ends ends = open(MODERN, MODERN)) {
      page().set(ValueLayout.JAVA_BYTE, CLIENT_NOTIFY, (byte) 0);
      page().set(ValueLayout.JAVA_BYTE, SERVER_NOTIFY, (byte) 0);
      assertThat(ends.server().shutdownOutput()).isTrue();
      assertThat(read(ends.client())).isEqualTo("the end");
    }
  }

  @Test
  void withoutItEndingTheOutputClosesTheChannelAndSaysSo() throws IOException {
    try (Ends ends = open(CLASSIC, MODERN)) {
      ends.client().write(UTF_8.encode("last"));
      assertThat(ends.client().shutdownOutput()).isFalse();
      assertThat(ends.client().isOpen()).isFalse();
      assertThat(read(ends.server())).isEqualTo("last");
      assertThat(read(ends.server())).isEqualTo("the end");
      assertThat(ends.server().state()).isEqualTo(VchanState.PEER_CLOSED);
    }
  }

  @Test
  void aCloseTakesTheBitBackAndIsNoDeath() throws IOException {
    try (Ends ends = open(MODERN, MODERN)) {
      ends.client().write(UTF_8.encode("last"));
      ends.client().close();
      assertThat(notifyByte(SERVER_NOTIFY) & KNOWN).isZero();
      assertThat(read(ends.server())).isEqualTo("last");
      assertThat(read(ends.server())).isEqualTo("the end");
      assertThat(ends.server().state()).isEqualTo(VchanState.PEER_CLOSED);
    }
  }

  /** What Xen's kernel does for a process that is killed. */
  @Test
  void aLiveByteThatIsClearedWithoutThatIsADeathWhereTheBackendCannotTell() throws IOException {
    host.hidePeers();
    try (Ends ends = open(MODERN, MODERN)) {
      ends.client().write(UTF_8.encode("last"));
      page().set(ValueLayout.JAVA_BYTE, CLIENT_LIVE, (byte) 0);
      assertThat(read(ends.server())).isEqualTo("last");
      assertThatThrownBy(() -> read(ends.server())).isInstanceOf(PeerDiedException.class);
      assertThat(ends.server().state()).isEqualTo(VchanState.PEER_DIED);
    }
    try (Ends ends = open(MODERN, MODERN)) {
      assertThat(ends.server().shutdownOutput()).isTrue();
      page().set(ValueLayout.JAVA_BYTE, SERVER_LIVE, (byte) 0);
      assertThat(read(ends.client())).isEqualTo("the end");
      assertThatThrownBy(() -> ends.client().write(UTF_8.encode("answer")))
          .isInstanceOf(PeerDiedException.class);
    }
  }

  /** A backend that is closed clears the byte, too, and knows that this is no death. */
  @Test
  void whereTheBackendCanTellTheBitProvesNothing() throws IOException {
    try (Ends ends = open(MODERN, MODERN)) {
      page().set(ValueLayout.JAVA_BYTE, CLIENT_LIVE, (byte) 0);
      assertThat(read(ends.server())).isEqualTo("the end");
      assertThat(ends.server().state()).isEqualTo(VchanState.PEER_CLOSED);
    }
  }

  @Test
  void aListenerThatClosesUnderAClientIsNotTakenForOneThatDied() throws IOException {
    host.hidePeers();
    try (VchanListener listener = VchanListener.open(backend, Ends.CLIENT, Ends.PORT, MODERN);
        Vchan client =
            Vchan.connect(host.domain(Ends.CLIENT), Ends.SERVER, Ends.PORT, MODERN, Ends.soon())) {
      listener.close();
      assertThat(client.read(ByteBuffer.allocate(1), Ends.soon())).isEqualTo(-1);
      assertThat(client.state()).isEqualTo(VchanState.PEER_CLOSED);
    }
  }

  @Test
  void withoutTheExtensionADeathLooksLikeAClose() throws IOException {
    host.hidePeers();
    try (Ends ends = open(MODERN, CLASSIC)) {
      page().set(ValueLayout.JAVA_BYTE, CLIENT_LIVE, (byte) 0);
      assertThat(read(ends.server())).isEqualTo("the end");
      assertThat(ends.server().state()).isEqualTo(VchanState.PEER_CLOSED);
    }
  }

  @Test
  void endingTheInputIsPrivateAndHoldsNobodyUp() throws IOException {
    try (Ends ends = open(MODERN, MODERN)) {
      int word = page().get(ValueLayout.JAVA_INT, 20);
      ends.client().shutdownInput();
      assertThat(read(ends.client())).isEqualTo("the end");
      assertThat(page().get(ValueLayout.JAVA_INT, 20) & 0xC0C0_FFFF).isEqualTo(word & 0xC0C0_FFFF);
      int ring = ends.server().outgoingCapacity();
      assertThat(ends.server().write(ByteBuffer.allocate(3 * ring), Ends.soon()))
          .isEqualTo(3 * ring);
    }
  }

  private int[] notifyBytesOfAFreshPage(VchanOptions options) throws IOException {
    try (VchanListener listener = VchanListener.open(backend, Ends.CLIENT, Ends.PORT, options)) {
      assertThat(listener.isOpen()).isTrue();
      return new int[] {notifyByte(CLIENT_NOTIFY), notifyByte(SERVER_NOTIFY)};
    }
  }

  private Ends open(VchanOptions server, VchanOptions client) throws IOException {
    return Ends.open(
        backend, host.domain(Ends.CLIENT), server.withSizes(RingSizes.both(0)), client);
  }

  private Vchan connect(VchanOptions options) throws IOException {
    return Vchan.connect(host.domain(Ends.CLIENT), Ends.SERVER, Ends.PORT, options, Ends.soon());
  }

  /** The control page of the last channel: the last single page that was shared. */
  private MemorySegment page() {
    return backend.pages().stream()
        .filter(region -> region.byteSize() == 4096)
        .reduce((first, second) -> second)
        .orElseThrow();
  }

  private int notifyByte(int offset) {
    return Byte.toUnsignedInt(page().get(ValueLayout.JAVA_BYTE, offset));
  }

  private static String read(Vchan channel) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(100);
    int bytes = channel.read(buffer, Ends.soon());
    return bytes < 0 ? "the end" : UTF_8.decode(buffer.flip()).toString();
  }
}
