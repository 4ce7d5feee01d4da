// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static dev.vchan.testkit.Ends.soon;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.spi.Rendezvous.Watch;
import dev.vchan.testkit.ForeignPeer.Dialect;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/**
 * Our end against a peer that behaves as another implementation does, on every backend, in both
 * roles and with rings in the page and out of it.
 */
@SuppressWarnings("try") // Closing at a moment of its choice is what many a test is about.
public abstract class ForeignPeerContract extends BackendContract {

  private static final PortName PORT = new PortName("foreign");
  private static final RendezvousPath PATH = RendezvousPath.of(SERVER, CLIENT, PORT);
  private static final VchanOptions DEFAULTS = VchanOptions.DEFAULTS;
  private static final int[][] ORDERS = {{12, 12}, {10, 11}, {11, 10}, {10, 12}, {13, 10}};

  private final Dialect dialect;

  /**
   * For a subclass.
   *
   * @param dialect whose habits the peer has
   */
  protected ForeignPeerContract(Dialect dialect) {
    this.dialect = dialect;
  }

  /** What is done over a connection. */
  private interface Talk {
    void over(Vchan ours, ForeignPeer theirs) throws Exception;
  }

  private void everyWay(Talk talk) throws Exception {
    for (int[] orders : ORDERS) {
      asClient(orders[0], orders[1], talk);
      asServer(1 << orders[0], 1 << orders[1], DEFAULTS, talk);
    }
  }

  private void asClient(int leftOrder, int rightOrder, Talk talk) throws Exception {
    try (ForeignPeer theirs = dialect.serve(server, CLIENT, PATH, leftOrder, rightOrder);
        Vchan ours = Vchan.connect(client, SERVER, PORT, DEFAULTS, soon())) {
      assertThat(ours.supportsHalfClose()).isFalse();
      talk.over(ours, theirs.accept());
    }
  }

  private void asServer(int readBytes, int writeBytes, VchanOptions options, Talk talk)
      throws Exception {
    VchanOptions sized = options.withSizes(new RingSizes(readBytes, writeBytes));
    try (VchanListener listener = VchanListener.open(server, CLIENT, PORT, sized);
        ForeignPeer theirs = dialect.connect(client, SERVER, PATH);
        Vchan ours = listener.accept(soon())) {
      assertThat(ours.supportsHalfClose()).isFalse();
      talk.over(ours, theirs);
    }
  }

  /** Reads exactly so many bytes and checks them. */
  private static void expect(ForeignPeer theirs, Patterns expected, int bytes) throws IOException {
    int done = 0;
    while (done < bytes) {
      ByteBuffer got = ByteBuffer.allocate(theirs.incomingCapacity());
      // A reader in OCaml has no say in how much it gets.
      if (!(theirs instanceof OcamlPeer)) {
        got.limit(Math.min(got.capacity(), bytes - done));
      }
      int more = theirs.read(got);
      assertThat(more).isPositive();
      done += more;
      expected.check(got.flip());
    }
    assertThat(done).isEqualTo(bytes);
  }

  private static void expect(Vchan ours, Patterns expected, int bytes) throws IOException {
    ByteBuffer got = ByteBuffer.allocate(bytes);
    while (got.hasRemaining()) {
      assertThat(ours.read(got, soon())).isPositive();
    }
    expected.check(got.flip());
  }

  @Test
  void wordsGoBothWaysWhoeverIsFirst() throws Exception {
    everyWay(
        (ours, theirs) -> {
          ours.write(new Patterns(1).next(5));
          expect(theirs, new Patterns(1), 5);
          theirs.write(new Patterns(2).next(11));
          expect(ours, new Patterns(2), 11);

          var ourReader = Watchdog.start("ours", () -> ours.read(ByteBuffer.allocate(9), soon()));
          ourReader.untilAsleep();
          theirs.write(new Patterns(2).next(3));
          assertThat(ourReader.get()).isEqualTo(3);

          var theirReader = Watchdog.start("theirs", () -> theirs.read(wholeRing(theirs)));
          theirReader.untilAsleep();
          ours.write(new Patterns(1).next(4));
          assertThat(theirReader.get()).isEqualTo(4);
        });
  }

  private static ByteBuffer wholeRing(ForeignPeer theirs) {
    return ByteBuffer.allocate(theirs.incomingCapacity());
  }

  @Test
  void bytesThatWrapArriveInOrder() throws Exception {
    everyWay(
        (ours, theirs) -> {
          Patterns out = new Patterns(1);
          Patterns in = new Patterns(1);
          for (int bytes : new int[] {ours.outgoingCapacity() - 2, 1, 5}) {
            ours.write(out.next(bytes));
            expect(theirs, in, bytes);
          }
          Patterns back = new Patterns(2);
          theirs.write(back.next(ours.incomingCapacity() - 2));
          expect(ours, new Patterns(2), ours.incomingCapacity() - 2);
          theirs.write(new Patterns(3).next(5));
          ByteBuffer got = ByteBuffer.allocate(10);
          assertThat(ours.read(got, soon())).isEqualTo(5);
          new Patterns(3).check(got.flip());
        });
  }

  @Test
  void aRingIsFilledExactlyAndOneByteMoreWaits() throws Exception {
    everyWay(
        (ours, theirs) -> {
          int outgoing = ours.outgoingCapacity();
          ours.write(new Patterns(1).next(outgoing), soon());
          expect(theirs, new Patterns(1), outgoing);
          int incoming = ours.incomingCapacity();
          theirs.write(new Patterns(2).next(incoming));
          expect(ours, new Patterns(2), incoming);

          Patterns expected = new Patterns(3);
          var write = writing(ours, new Patterns(3).next(outgoing + 1));
          expect(theirs, expected, outgoing);
          expect(theirs, expected, 1);
          assertThat(write.get()).isEqualTo(outgoing + 1);

          var theirWrite = Watchdog.start("theirs", writing(theirs, incoming + 10));
          theirWrite.untilAsleep();
          ByteBuffer got = ByteBuffer.allocate(incoming + 10);
          Patterns theirBytes = new Patterns(4);
          assertThat(ours.read(got, soon())).isEqualTo(incoming);
          theirBytes.check(got.flip());
          expect(ours, theirBytes, 10);
          theirWrite.get();
        });
  }

  private static Watchdog.Task<Integer> writing(Vchan ours, ByteBuffer bytes) {
    var writing = Watchdog.start("ours", () -> ours.write(bytes, soon()));
    writing.untilAsleep();
    return writing;
  }

  private static Callable<Boolean> writing(ForeignPeer theirs, int bytes) {
    return () -> {
      theirs.write(new Patterns(4).next(bytes));
      return true;
    };
  }

  @Test
  void randomSizesBothWaysAtOnceArriveWhole() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    int total = 300_000;
    everyWay(
        (ours, theirs) -> {
          var writer = Watchdog.start("writer", () -> writeAll(ours, total, new Random(seed)));
          var reader = Watchdog.start("reader", () -> readAll(ours, total));
          Random random = new Random(seed + 1);
          Patterns out = new Patterns(2);
          Patterns in = new Patterns(1);
          while (out.position() < total || in.position() < total) {
            if (out.position() < total) {
              theirs.write(out.next(piece(random, total - out.position())));
            }
            if (in.position() < total) {
              ByteBuffer got = wholeRing(theirs);
              assertThat(theirs.read(got)).isPositive();
              in.check(got.flip());
            }
          }
          assertThat(writer.get()).isEqualTo(total);
          assertThat(reader.get()).isEqualTo(total);
          assertThat(ours.counters().endedByPeriod()).isZero();
        });
  }

  private static long writeAll(Vchan ours, int total, Random random) throws IOException {
    Patterns out = new Patterns(1);
    while (out.position() < total) {
      ours.write(out.next(piece(random, total - out.position())), soon());
    }
    return out.position();
  }

  private static long readAll(Vchan ours, int total) throws IOException {
    Patterns in = new Patterns(2);
    ByteBuffer got = ByteBuffer.allocate(5000);
    while (in.position() < total) {
      assertThat(ours.read(got.clear(), soon())).isPositive();
      in.check(got.flip());
    }
    return in.position();
  }

  private static int piece(Random random, long left) {
    return (int) Math.min(left, 1 + random.nextInt(5000));
  }

  @Test
  void oneEventIsSentForEachRequest() throws Exception {
    everyWay(
        (ours, theirs) -> {
          long before = ours.counters().eventsSent();
          Patterns out = new Patterns(1);
          Patterns in = new Patterns(1);
          // The request stands since the handshake.
          for (int i = 0; i < 3; i++) {
            ours.write(out.next(10));
          }
          assertThat(ours.counters().eventsSent() - before).isEqualTo(1);
          // Whoever finds what it wants does not ask again.
          expect(theirs, in, 30);
          long afterExact = ours.counters().eventsSent();
          ours.write(out.next(10));
          assertThat(ours.counters().eventsSent()).isEqualTo(afterExact);
          expect(theirs, in, 10);
          var reader = Watchdog.start("theirs", () -> theirs.read(wholeRing(theirs)));
          reader.untilAsleep();
          ours.write(new Patterns(1).next(10));
          assertThat(reader.get()).isEqualTo(10);
          assertThat(ours.counters().eventsSent()).isEqualTo(afterExact + 1);
        });
  }

  @Test
  void whatWasWrittenBeforeACloseIsReadAndThenTheEnd() throws Exception {
    for (int part = 0; part <= 2; part++) {
      int of = part;
      everyWay(
          (ours, theirs) -> {
            int bytes = of == 2 ? ours.incomingCapacity() : of;
            theirs.write(new Patterns(1).next(bytes));
            theirs.pages().leave();
            expect(ours, new Patterns(1), bytes);
            assertThat(ours.read(ByteBuffer.allocate(1), soon())).isEqualTo(-1);
            assertThat(ours.state()).isEqualTo(VchanState.PEER_CLOSED);
          });
      everyWay(
          (ours, theirs) -> {
            int bytes = of == 2 ? ours.outgoingCapacity() : of;
            ours.write(new Patterns(2).next(bytes), soon());
            ours.close();
            expect(theirs, new Patterns(2), bytes);
            assertThat(theirs.read(wholeRing(theirs))).isEqualTo(-1);
          });
    }
  }

  @Test
  void everyPlacementCarriesFullRings() throws Exception {
    for (int left = 10; left <= 20; left++) {
      for (int right = 10; right <= 20; right++) {
        boolean overlap = left == right && left < 12;
        boolean longList = Math.min(left, right) == 10 && Math.max(left, right) == 20;
        if (!overlap && !longList) {
          asClient(left, right, ForeignPeerContract::fillBoth);
        }
      }
    }
  }

  private static void fillBoth(Vchan ours, ForeignPeer theirs) throws IOException {
    ours.write(new Patterns(1).next(ours.outgoingCapacity()), soon());
    theirs.write(new Patterns(2).next(ours.incomingCapacity()));
    expect(theirs, new Patterns(1), ours.outgoingCapacity());
    expect(ours, new Patterns(2), ours.incomingCapacity());
  }

  @Test
  void aPeerThatHoldsItsAcknowledgementBackIsWaitedFor() throws Exception {
    everyWay(
        (ours, theirs) -> {
          int size = ours.outgoingCapacity();
          ours.write(new Patterns(1).next(size), soon());
          if (theirs instanceof OcamlPeer) {
            // Read, but not acknowledged.
            assertThat(theirs.read(wholeRing(theirs))).isEqualTo(size);
          }
          var write = writing(ours, new Patterns(2).next(7));
          assertThat(write.outcome()).isNotDone();
          assertThat(ours.state()).isEqualTo(VchanState.CONNECTED);
          if (!(theirs instanceof OcamlPeer)) {
            expect(theirs, new Patterns(1), size);
          }
          expect(theirs, new Patterns(2), 7);
          assertThat(write.get()).isEqualTo(7);
        });
  }

  @Test
  void aServerWhoseLiveByteItsClientClearsGoesOn() throws Exception {
    asServer(
        4096,
        4096,
        DEFAULTS,
        (ours, theirs) -> {
          theirs.write(new Patterns(1).next(100));
          theirs.pages().page().store8(InterfacePage.SRV_LIVE, 0);
          assertThat(ours.state()).isEqualTo(VchanState.CONNECTED);
          expect(ours, new Patterns(1), 100);
          ours.write(new Patterns(2).next(100));
          expect(theirs, new Patterns(2), 100);
        });
  }

  @Test
  void aQubesServersKeysVanishAtTheFirstEventAndTheChannelStays() throws Exception {
    asClient(
        12,
        12,
        (ours, theirs) -> {
          try (Watch watch = client.rendezvous().watch(PATH, SERVER)) {
            assertThat(watch.look().isEmpty()).isEqualTo(dialect == Dialect.QUBES);
          }
          theirs.write(new Patterns(1).next(100));
          expect(ours, new Patterns(1), 100);
        });
  }
}
