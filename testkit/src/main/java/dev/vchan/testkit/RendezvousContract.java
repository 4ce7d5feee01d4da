// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Rendezvous.Registration;
import dev.vchan.spi.Rendezvous.Watch;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** What the rendezvous does on every backend. */
@SuppressWarnings("try") // Closing at a moment of its choice is what many a test is about.
public abstract class RendezvousContract extends BackendContract {

  private static final RendezvousPath PATH =
      RendezvousPath.of(SERVER, CLIENT, new PortName("contract"));

  /** Made by the subclass. */
  protected RendezvousContract() {}

  @Test
  void whatIsPublishedIsSeenAndAnnounced() throws Exception {
    try (Watch watch = watch();
        Registration held = register()) {
      assertThat(watch.look()).isEmpty();
      long seen = watch.changes();
      held.publish(number(1));
      assertThat(watch.await(seen, LONG_NANOS)).isTrue();
      assertThat(watch.look()).contains(number(1));
    }
  }

  @Test
  void aWatchThatComesLaterSeesWhatIsThere() throws Exception {
    try (Registration held = register()) {
      held.publish(number(-1));
      try (Watch watch = watch()) {
        assertThat(watch.look()).contains(number(-1));
      }
    }
  }

  @Test
  void aPathThatIsOnlyHeldSaysNothing() throws Exception {
    try (Watch watch = watch();
        Registration held = register()) {
      assertThat(watch.look()).isEmpty();
    }
  }

  @Test
  void publishingAgainReplaces() throws Exception {
    try (Watch watch = watch();
        Registration held = register()) {
      for (int i = 1; i < 10; i++) {
        long seen = watch.changes();
        held.publish(number(i));
        assertThat(watch.await(seen, LONG_NANOS)).isTrue();
        assertThat(watch.look()).contains(number(i));
      }
    }
  }

  @Test
  void withdrawingTakesItBackAndCanBeRepeated() throws Exception {
    try (Watch watch = watch();
        Registration held = register()) {
      held.withdraw();
      held.publish(number(1));
      long seen = watch.changes();
      held.withdraw();
      assertThat(watch.await(seen, LONG_NANOS)).isTrue();
      assertThat(watch.look()).isEmpty();
      held.withdraw();
      held.publish(number(2));
      assertThat(watch.look()).contains(number(2));
    }
  }

  @Test
  void closingWithdrawsAndFreesThePath() throws Exception {
    try (Watch watch = watch()) {
      Registration held = register();
      held.publish(number(1));
      long seen = watch.changes();
      held.close();
      assertThat(watch.await(seen, LONG_NANOS)).isTrue();
      assertThat(watch.look()).isEmpty();
      try (Registration next = register()) {
        next.publish(number(2));
        held.close();
        held.withdraw();
        assertThat(watch.look()).contains(number(2));
      }
    }
  }

  @Test
  void aPathHasOneHolderAtATime() throws Exception {
    RendezvousPath other = RendezvousPath.of(SERVER, CLIENT, new PortName("other"));
    try (Registration held = register();
        Registration elsewhere = server.rendezvous().register(other, CLIENT)) {
      assertThatThrownBy(this::register)
          .isInstanceOf(SystemRefusedException.class)
          .hasMessageContaining(PATH.value());
      held.publish(number(1));
      elsewhere.publish(number(2));
      try (Watch watch = watch()) {
        assertThat(watch.look()).contains(number(1));
      }
    }
    register().close();
  }

  @Test
  void bothValuesAreOfOneMoment() throws Exception {
    int rounds = 2_000;
    try (Watch watch = watch();
        Registration held = register()) {
      Callable<Boolean> publish =
          () -> {
            for (int i = 1; i <= rounds; i++) {
              held.publish(number(i));
            }
            return true;
          };
      var publisher = Watchdog.start("publisher", publish);
      int last = 0;
      while (last < rounds) {
        long seen = watch.changes();
        Optional<Advertisement> found = watch.look();
        if (found.isPresent()) {
          int value = found.get().ringRef().value();
          assertThat(found.get()).isEqualTo(number(value));
          assertThat(value).isGreaterThanOrEqualTo(last);
          last = value;
        }
        // The last change is noticed however it falls between the look and the wait.
        assertThat(last == rounds || watch.await(seen, LONG_NANOS)).isTrue();
      }
      publisher.get();
    }
  }

  @Test
  void everyWatchIsTold() throws Exception {
    try (Watch one = watch();
        Watch two = watch();
        Registration held = register()) {
      long seenByOne = one.changes();
      long seenByTwo = two.changes();
      held.publish(number(1));
      assertThat(one.await(seenByOne, LONG_NANOS)).isTrue();
      assertThat(two.await(seenByTwo, LONG_NANOS)).isTrue();
      one.close();
      long seen = two.changes();
      held.publish(number(2));
      assertThat(two.await(seen, LONG_NANOS)).isTrue();
    }
  }

  @Test
  void aWaitEndsWithItsTimeAnInterruptOrTheClose() throws Exception {
    try (Watch watch = watch()) {
      long seen = quiet(watch);
      assertThat(watch.await(seen, 0)).isFalse();

      Watchdog.Task<Boolean> interrupted =
          Watchdog.start(
              "interrupted",
              () -> {
                watch.await(seen, LONG_NANOS);
                return Thread.currentThread().isInterrupted();
              });
      interrupted.untilAsleep();
      interrupted.thread().interrupt();
      assertThat(interrupted.get()).isTrue();

      Watchdog.Task<Boolean> closed = Watchdog.start("closed", () -> watch.await(seen, LONG_NANOS));
      closed.untilAsleep();
      watch.close();
      closed.get();
      watch.close();
    }
  }

  private static long quiet(Watch watch) {
    long seen = 0;
    while (watch.await(seen, 50_000_000)) {
      seen = watch.changes();
    }
    return seen;
  }

  private static Advertisement number(int value) {
    return new Advertisement(new GrantRef(value), new EventPort(value));
  }

  private Registration register() throws IOException {
    return server.rendezvous().register(PATH, CLIENT);
  }

  private Watch watch() throws IOException {
    return client.rendezvous().watch(PATH, SERVER);
  }
}
