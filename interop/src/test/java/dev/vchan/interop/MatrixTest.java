// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.WaitPolicy;
import dev.vchan.interop.Traffic.Load;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Our endpoint and libxenvchan in both roles, in every way to move bytes, with rings and pieces of
 * every kind: every byte arrives, the close is seen, nothing is left, and no wait of ours needed
 * the periodic look.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MatrixTest {

  private static final int FEWEST_CASES = 270;

  private static final int MIB = 1 << 20;

  /** What a server asks for: least it reads, least it writes. */
  private static final List<RingSizes> RINGS =
      List.of(
          new RingSizes(1024, 2048),
          new RingSizes(2048, 1024),
          new RingSizes(2048, 2048),
          new RingSizes(4096, 1),
          new RingSizes(1500, 64 * 1024),
          new RingSizes(4096, 4096),
          new RingSizes(64 * 1024, 64 * 1024),
          new RingSizes(MIB, MIB),
          new RingSizes(MIB, 1024),
          new RingSizes(2000, MIB));

  /** The last is larger than any ring. Packets have as many sizes, by the ring. */
  private static final List<Integer> STREAM_PIECES = List.of(1, 100, 5000, 65_537, MIB + MIB / 2);

  /** Enough calls that a byte at a time takes no more than a moment. */
  private static final long MOST_CALLS = 200_000;

  private final List<String> played = new ArrayList<>();

  @BeforeAll
  static void compile() throws IOException {
    Programs.peer();
  }

  @ParameterizedTest(name = "our side is the {0}, {1}")
  @CsvSource({
    "SERVER, STREAM",
    "SERVER, PACKETS",
    "SERVER, POLLED_STREAM",
    "SERVER, POLLED_PACKETS",
    "CLIENT, STREAM",
    "CLIENT, PACKETS",
    "CLIENT, POLLED_STREAM",
    "CLIENT, POLLED_PACKETS"
  })
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void everyByteArrivesAndTheCloseIsSeen(Role own, Traffic traffic) throws Exception {
    try (Hub hub = new Hub()) {
      for (RingSizes rings : RINGS) {
        for (int piece = 0; piece < STREAM_PIECES.size(); piece++) {
          String name = "own side %s, %s, %s, piece %d".formatted(own, traffic, rings, piece);
          try {
            play(hub, own, traffic, rings, piece);
          } catch (Exception | AssertionError e) {
            throw new AssertionError(name + ": " + e.getMessage(), e);
          }
          assertThat(hub.leftovers()).as(name).isEmpty();
          played.add(name);
        }
      }
    }
  }

  @AfterAll
  void allOfTheMatrixWasPlayed() throws IOException {
    new Figures("interop-matrix").add("matrix: " + played.size() + " cases, all bytes right");
    assertThat(played).doesNotHaveDuplicates().hasSizeGreaterThanOrEqualTo(FEWEST_CASES);
  }

  private void play(Hub hub, Role own, Traffic traffic, RingSizes rings, int piece)
      throws Exception {
    // Half of the cases sleep whenever they have to wait, the others wait as users do.
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(rings);
    options = options.withLookPeriod(Duration.ofSeconds(30));
    if (played.size() % 2 == 0) {
      options = options.withWaitPolicy(WaitPolicy.sleepAtOnce());
    }
    try (LocalBackend backend = hub.open();
        CPeer peer = hub.startPeer();
        Vchan channel = Hub.meet(backend, peer, own, options)) {
      Load out = load(traffic, channel.outgoingCapacity(), piece);
      Load in = load(traffic, channel.incomingCapacity(), piece);
      traffic.move(channel, peer, 10L * played.size(), out, in);
      assertThat(channel.counters().endedByPeriod()).isZero();
      if (played.size() % 4 < 2) {
        peer.tell("end");
        channel.close();
        assertThat(peer.answered()).as("bytes, and whether it is open").containsExactly(0, 0);
        peer.ask("close");
      } else {
        peer.ask("close");
        assertThat(channel.read(ByteBuffer.allocate(1), Hub.soon())).isEqualTo(-1);
        assertThat(channel.state()).isEqualTo(VchanState.PEER_CLOSED);
      }
    }
  }

  private static Load load(Traffic traffic, int capacity, int piece) {
    int largest = traffic.isPackets() ? packet(capacity, piece) : STREAM_PIECES.get(piece);
    // Around the ring at least twice, and a few of the largest pieces, where that is not for ever.
    long bytes = Math.max(5L * capacity / 2, 2L * largest);
    return new Load(Math.min(bytes, MOST_CALLS * largest), largest);
  }

  private static int packet(int capacity, int piece) {
    return switch (piece) {
      case 0 -> 1;
      case 1 -> 100;
      case 2 -> capacity / 2 + 1;
      case 3 -> capacity - 1;
      default -> capacity;
    };
  }
}
