// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static dev.vchan.testkit.Ends.soon;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.PeerClosedException;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.spi.StaleAdvertisementException;
import dev.vchan.testkit.ForeignPeer.Dialect;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** What comes after a close on every backend: the next client, the next page, and no crash. */
@SuppressWarnings("try") // Closing at a moment of its choice is what many a test is about.
public abstract class CloseContract extends BackendContract {

  private static final PortName PORT = new PortName("close");
  private static final RendezvousPath PATH = RendezvousPath.of(SERVER, CLIENT, PORT);
  private static final VchanOptions DEFAULTS = VchanOptions.DEFAULTS;

  private final int rounds;

  /**
   * For a subclass.
   *
   * @param rounds how often to close under load
   */
  protected CloseContract(int rounds) {
    this.rounds = rounds;
  }

  private Vchan connect() throws IOException {
    return Vchan.connect(client, SERVER, PORT, DEFAULTS, soon());
  }

  @Test
  @Case("T81")
  void aPersistentServersStreamsGoOnWithTheNextClientWhicheverItIs() throws Exception {
    Patterns toServer = new Patterns(1);
    Patterns atServer = new Patterns(1);
    Patterns toClient = new Patterns(2);
    Patterns atClient = new Patterns(2);
    try (VchanListener listener = VchanListener.open(server, CLIENT, PORT, DEFAULTS.persisting());
        Vchan first = connect();
        Vchan accepted = listener.accept(soon())) {
      first.write(toServer.next(10));
      expect(accepted, atServer, 5);
      accepted.write(toClient.next(7));
      expect(first, atClient, 3);
      first.close();
      try (ForeignPeer second = connectAsC()) {
        ByteBuffer left = ByteBuffer.allocate(4);
        assertThat(second.read(left)).isEqualTo(4);
        atClient.check(left.flip());
        second.write(toServer.next(6));
        expect(accepted, atServer, 11);
      }
      try (Vchan third = connect()) {
        third.write(toServer.next(20));
        accepted.write(toClient.next(30));
        expect(third, atClient, 30);
        expect(accepted, atServer, 20);
        assertThat(third.state()).isEqualTo(VchanState.CONNECTED);
      }
    }
  }

  /** Where the end of a client is noticed a moment late, its port is busy that long. */
  private ForeignPeer connectAsC() throws IOException {
    for (int tries = 0; ; tries++) {
      try {
        return Dialect.LIBXENVCHAN.connect(client, SERVER, PATH);
      } catch (StaleAdvertisementException e) {
        if (tries == 1000) {
          throw e;
        }
        LockSupport.parkNanos(10_000_000);
      }
    }
  }

  private static void expect(Vchan ours, Patterns expected, int bytes) throws IOException {
    ByteBuffer got = ByteBuffer.allocate(bytes);
    assertThat(ours.receive(got, soon())).isEqualTo(bytes);
    expected.check(got.flip());
  }

  @Test
  @Case("T82")
  void everyClientOfADefaultServerGetsAFreshPage() throws Exception {
    TracingBackend traced = new TracingBackend(server, new Trace());
    VchanOptions inPage = DEFAULTS.withSizes(new RingSizes(8192, 0));
    try (VchanListener listener = VchanListener.open(traced, CLIENT, PORT, inPage)) {
      for (int i = 0; i < 3; i++) {
        // The next page is advertised when the next accept begins.
        var accepting = Watchdog.start("accept", () -> listener.accept(soon()));
        try (Vchan connected = connect();
            Vchan accepted = accepting.get()) {
          // Each client has had a control page and a left ring.
          MemorySegment page = traced.pages().get(2 * i);
          assertThat(page.asSlice(0, 16).toArray(JAVA_BYTE)).containsOnly(0);
          connected.write(new Patterns(i).next(100));
          expect(accepted, new Patterns(i), 100);
          assertThat(page.get(JAVA_BYTE, 0)).isEqualTo((byte) 100);
          assertThat(traced.pages()).hasSize(2 * i + 2);
        }
      }
    }
  }

  @Test
  @Case("T83")
  void closingUnderLoadEndsEveryCallAndNothingElse() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    VchanOptions small = DEFAULTS.withSizes(RingSizes.both(1024));
    for (int round = 0; round < rounds; round++) {
      Ends ends = Ends.open(server, client, small, small);
      Callable<Long> write = () -> writeForever(ends.server());
      Callable<Long> read = () -> readForever(ends.client());
      Thread.Builder threads = Thread.ofVirtual().name("test-load");
      var writer = Watchdog.start(threads, write);
      var reader = Watchdog.start(threads, read);
      LockSupport.parkNanos(random.nextInt(100_000));
      (random.nextBoolean() ? ends.server() : ends.client()).close();
      long written = writer.get();
      assertThat(reader.get()).isBetween(0L, written);
      ends.close();
    }
  }

  /** Bytes that went into the ring until somebody closed. */
  private static long writeForever(Vchan channel) throws IOException {
    Patterns made = new Patterns(3);
    try {
      for (; ; ) {
        channel.write(made.next(700), soon());
      }
    } catch (ClosedChannelException | PeerClosedException e) {
      return made.position();
    }
  }

  private static long readForever(Vchan channel) throws IOException {
    Patterns expected = new Patterns(3);
    ByteBuffer got = ByteBuffer.allocate(1000);
    try {
      while (channel.read(got.clear(), soon()) >= 0) {
        expected.check(got.flip());
      }
    } catch (ClosedChannelException e) {
      return expected.position();
    }
    return expected.position();
  }
}
