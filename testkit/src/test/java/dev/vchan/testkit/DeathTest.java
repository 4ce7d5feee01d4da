// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static dev.vchan.testkit.Ends.CLIENT;
import static dev.vchan.testkit.Ends.SERVER;
import static dev.vchan.testkit.Ends.soon;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.DomainId;
import dev.vchan.PeerDiedException;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.inprocess.InProcessHost;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A peer whose process is killed, whose domain is destroyed, or which is only slow. */
@Case("T90")
class DeathTest {

  private final LeakCheck leaks = new LeakCheck();

  @AfterEach
  void nothingIsLeft() {
    leaks.assertNothingLeft();
  }

  private interface End {
    void of(InProcessHost host, DomainId victim);
  }

  /** In both roles at once, for it may take a look period. */
  private static void survive(End end) throws Exception {
    var client = Watchdog.start("client", () -> survive(end, true));
    var server = Watchdog.start("server", () -> survive(end, false));
    assertThat(client.get()).isEmpty();
    assertThat(server.get()).isEmpty();
  }

  /** What the victim had published is read, and then its death is told apart from a close. */
  private static List<String> survive(End end, boolean serverDies) throws Exception {
    InProcessHost host = new InProcessHost();
    Ends ends = Ends.open(host, VchanOptions.DEFAULTS);
    Vchan victim = serverDies ? ends.server() : ends.client();
    Vchan survivor = serverDies ? ends.client() : ends.server();
    victim.write(new Patterns(1).next(1000));
    survivor.write(ByteBuffer.allocate(survivor.outgoingCapacity()), soon());
    var writing = Watchdog.start("writer", () -> survivor.write(ByteBuffer.allocate(1), soon()));
    writing.untilAsleep();

    end.of(host, serverDies ? SERVER : CLIENT);

    assertThat(writing.failure())
        .isInstanceOfSatisfying(
            PeerDiedException.class, e -> assertThat(e.bytesTransferred()).isZero());
    ByteBuffer got = ByteBuffer.allocate(1000);
    assertThat(survivor.receive(got, soon())).isEqualTo(1000);
    new Patterns(1).check(got.flip());
    var reading = Watchdog.start("reader", () -> survivor.read(got.clear(), soon()));
    assertThat(reading.failure()).isInstanceOf(PeerDiedException.class);
    assertThat(survivor.state()).isEqualTo(VchanState.PEER_DIED);
    survivor.close();
    victim.close();
    return host.leftovers();
  }

  @Test
  void whatAKilledPeerHadPublishedIsReadAndThenItsDeathIsReported() throws Exception {
    survive(InProcessHost::kill);
  }

  @Test
  void aDestroyedPeerWhoseLiveByteStaysIsFoundByThePeriodicLook() throws Exception {
    survive(InProcessHost::destroy);
  }

  @Test
  void aPeerThatIsOnlySlowIsWaitedForBeyondALookPeriod() throws Exception {
    InProcessHost host = new InProcessHost();
    try (Ends ends = Ends.open(host, VchanOptions.DEFAULTS)) {
      var reading =
          Watchdog.start("reader", () -> ends.client().read(ByteBuffer.allocate(5), soon()));
      long sleeps = 2;
      Watchdog.until(
          "asleep for a second period", () -> ends.client().counters().sleeps() >= sleeps);
      assertThat(reading.outcome()).isNotDone();
      assertThat(ends.client().state()).isEqualTo(VchanState.CONNECTED);
      ends.server().write(new Patterns(1).next(5));
      assertThat(reading.get()).isEqualTo(5);
      assertThat(ends.client().counters().endedByPeriod()).isZero();
    }
    leaks.assertNothingLeft(host);
  }

  @Test
  void aLookPeriodMayBeLongerThanAnyClock() throws Exception {
    InProcessHost host = new InProcessHost();
    try (Ends ends = Ends.open(host, Ends.UNAIDED)) {
      var reading = Watchdog.start("reader", () -> ends.client().read(ByteBuffer.allocate(5)));
      reading.untilAsleep();
      ends.server().write(new Patterns(1).next(5));
      assertThat(reading.get()).isEqualTo(5);
    }
    leaks.assertNothingLeft(host);
  }
}
