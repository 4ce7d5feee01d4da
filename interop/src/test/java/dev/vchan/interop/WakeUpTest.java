// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * No wake-up is lost between our endpoint and libxenvchan, whoever of the two sleeps, although
 * nobody spins before he sleeps and the periodic look comes too late to help. With the second look
 * or the fence taken out of our endpoint, one is lost in the same rounds.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class WakeUpTest {

  private static final int ROUNDS = Figures.FULL ? 2_000_000 : 200_000;

  /** The mutants end with the first loss, long before. */
  private static final int MUTANT_ROUNDS = 20_000_000;

  /** About as long as our endpoint takes from its first look until it has asked. */
  private static final int DELAY_FOR_US = 6_000;

  /** The same for libxenvchan. */
  private static final int DELAY_FOR_PEER = 300;

  private static Figures figures;

  @TempDir private Path folder;

  @BeforeAll
  static void prepare() throws IOException {
    Programs.peer();
    figures = new Figures("interop-wake-up");
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void weNeverSleepOverWhatLibxenvchanSent(Role own) throws Exception {
    String outcome = play(Optional.empty(), own, "us", ROUNDS);
    figures.add("wake-up, we sleep as " + own + ": " + outcome);
    assertThat(outcome).isEqualTo("ok " + ROUNDS);
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void libxenvchanNeverSleepsOverWhatWeSent(Role own) throws Exception {
    String outcome = play(Optional.empty(), own, "peer", ROUNDS);
    figures.add("wake-up, libxenvchan sleeps, own side " + own + ": " + outcome);
    assertThat(outcome).isEqualTo("ok " + ROUNDS);
  }

  @Test
  void withoutTheSecondLookWeDo() throws Exception {
    String outcome = play(Optional.of(Mutant.NO_SECOND_LOOK), Role.SERVER, "us", MUTANT_ROUNDS);
    figures.add("wake-up, " + Mutant.NO_SECOND_LOOK.title() + ": " + outcome);
    assertThat(outcome).startsWith("slept over");
  }

  @Test
  void withoutTheFenceItDoes() throws Exception {
    Mutant fenceless = Mutant.NO_FENCE_AFTER_PUBLISHING;
    String outcome = play(Optional.of(fenceless), Role.SERVER, "peer", MUTANT_ROUNDS);
    figures.add("wake-up, " + fenceless.title() + ": " + outcome);
    assertThat(outcome).startsWith("the peer sleeps over");
  }

  private String play(Optional<Mutant> mutant, Role own, String sleeper, int rounds)
      throws Exception {
    Optional<Path> changed = Optional.empty();
    if (mutant.isPresent()) {
      mutant.get().compileTo(folder);
      changed = Optional.of(folder);
    }
    try (Hub hub = new Hub()) {
      String outcome = play(hub, changed, own, sleeper, rounds);
      hub.removeWhatTheDeadLeft();
      return outcome;
    }
  }

  private static String play(Hub hub, Optional<Path> changed, Role own, String sleeper, int rounds)
      throws Exception {
    try (CPeer peer = hub.startPeer();
        ChildJvm java =
            new ChildJvm(
                changed,
                Duration.ofMinutes(20),
                PingPong.class,
                hub.root().toString(),
                own.name(),
                sleeper,
                "" + rounds,
                "" + DELAY_FOR_PEER)) {
      if (own == Role.SERVER) {
        peer.ask("connect %s %s 1000000".formatted(Hub.JAVA, Hub.path(Hub.JAVA, Hub.MEETING)));
      } else {
        peer.ask("listen %s %s 1 1".formatted(Hub.JAVA, Hub.path(Hub.C, Hub.MEETING)));
        peer.ask("accept");
      }
      boolean weSleep = sleeper.equals("us");
      peer.tell(
          "%s %d 11 %d"
              .formatted(
                  weSleep ? "echo" : "ping", rounds, weSleep ? DELAY_FOR_US : DELAY_FOR_PEER));
      String outcome = java.line().orElseThrow(() -> new IOException(java + " has failed"));
      if (outcome.startsWith("ok")) {
        peer.answered();
        peer.ask("close");
      } else {
        peer.kill();
      }
      return outcome;
    }
  }
}
