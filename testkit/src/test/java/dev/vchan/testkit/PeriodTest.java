// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.PeerDiedException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.testkit.Duel.Role;
import dev.vchan.testkit.Watchdog.Task;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** What only the look at the end of a period finds. In both roles at once, for that takes long. */
class PeriodTest {

  private interface Attack {
    void in(Duel duel) throws Exception;
  }

  private static void inBothRoles(Attack attack) throws Exception {
    Task<Void> server = Duel.start(() -> in(Role.SERVER, attack));
    in(Role.CLIENT, attack);
    server.get();
  }

  private static Void in(Role role, Attack attack) throws Exception {
    try (Duel duel = Duel.begin(role)) {
      attack.in(duel);
    }
    return null;
  }

  private static int readOne(Duel duel) throws Exception {
    return duel.victim.read(ByteBuffer.allocate(1), Duel.soon());
  }

  @Test
  @Case("A38")
  @Case("A39")
  void aPeerThatNeverSendsEventsInTimeLosesNothing() throws Exception {
    inBothRoles(
        duel -> {
          Task<Integer> read = Duel.startAndBlock(() -> readOne(duel));
          // The event first, and then the byte it should have announced.
          duel.peer.event();
          Watchdog.until("asleep again", () -> duel.victim.counters().sleeps() >= 2);
          Watchdog.untilAsleep(read.thread());
          duel.peer.produce((byte) 7);
          assertThat(read.get()).isEqualTo(1);
          assertThat(duel.victim.counters().endedByPeriod()).isEqualTo(1);
        });
  }

  @Test
  @Case("A44")
  void aDestroyedPeerIsNoticedByTheLookThatEndsAPeriod() throws Exception {
    inBothRoles(
        duel -> {
          Task<Integer> read = Duel.startAndBlock(() -> readOne(duel));
          duel.host.destroy(Duel.ATTACKER);
          assertThat(read.failure()).isInstanceOf(PeerDiedException.class);
        });
  }

  @Test
  void aPeriodMayBeLongerThanNanosecondsCanSay() throws Exception {
    LeakCheck leaks = new LeakCheck();
    InProcessHost host = new InProcessHost();
    try (VchanListener listener =
        VchanListener.open(host.domain(Ends.SERVER), Ends.CLIENT, Ends.PORT, Ends.UNAIDED)) {
      Task<Vchan> accepting = Watchdog.start("accept", () -> listener.accept());
      accepting.untilAsleep();
      try (Vchan client =
              Vchan.connect(
                  host.domain(Ends.CLIENT), Ends.SERVER, Ends.PORT, Ends.UNAIDED, Ends.soon());
          Vchan server = accepting.get()) {
        Task<Integer> read = Watchdog.start("read", () -> server.read(ByteBuffer.allocate(1)));
        read.untilAsleep();
        client.write(ByteBuffer.allocate(1));
        assertThat(read.get()).isEqualTo(1);
      }
    }
    leaks.assertNothingLeft(host);
  }
}
