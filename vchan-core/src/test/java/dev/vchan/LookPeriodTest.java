// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Memory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** When those who sleep look by themselves; nobody sleeps here. */
class LookPeriodTest {

  private static final long SECOND = 1_000_000_000;
  private static final long PERIOD = 10 * SECOND;

  private final LookPeriod period = new LookPeriod(Duration.ofNanos(PERIOD));

  @Test
  void sleepsThatBeginWithinATenthOfAPeriodEndTogether() {
    for (long tenth : new long[] {0, 7 * SECOND, -SECOND, -70 * SECOND}) {
      for (long later : new long[] {0, 1, SECOND / 2, SECOND - 1}) {
        long now = tenth + later;
        assertThat(now + period.left(now)).isEqualTo(tenth + PERIOD);
      }
    }
  }

  @Test
  void aThousandSleepersEndAtTenMomentsOfAPeriodHoweverOftenTheySleep() {
    Random random = new Random(1);
    Set<Long> ends = new HashSet<>();
    for (int sleeper = 0; sleeper < 1000; sleeper++) {
      long now = random.nextLong(-PERIOD, 0);
      for (int sleep = 0; sleep < 100; sleep++) {
        long late = random.nextLong(SECOND);
        now += period.left(now);
        ends.add(Math.floorMod(now, PERIOD));
        now += late;
      }
    }
    assertThat(ends).hasSize(10);
  }

  @Test
  void aSleepLastsBetweenNineTenthsOfAPeriodAndAWholeOne() {
    Random random = new Random(2);
    for (Duration length :
        new Duration[] {
          VchanOptions.MIN_LOOK_PERIOD,
          Duration.ofNanos(PERIOD + 7),
          Duration.ofDays(1),
          Duration.ofSeconds(Long.MAX_VALUE)
        }) {
      LookPeriod any = new LookPeriod(length);
      long whole = length.compareTo(Duration.ofDays(1)) > 0 ? Long.MAX_VALUE : length.toNanos();
      for (long now : new long[] {Long.MIN_VALUE, -1, 0, 1, Long.MAX_VALUE, random.nextLong()}) {
        assertThat(any.left(now)).isGreaterThan(whole - whole / 10).isLessThanOrEqualTo(whole);
      }
    }
  }

  @Test
  void aCallThatSleepsCountsFromTheBeginningOfTheTenthInWhichItBegins() throws IOException {
    Sleeper sleeper = new Sleeper(Duration.ofNanos(PERIOD));
    for (int i = 0; i < 100; i++) {
      long before = System.nanoTime();
      assertThat(sleeper.sleep(Deadline.NEVER)).isFalse();
      long elapsed = System.nanoTime() - before;
      // The one moment of the tenth that is as far from its beginning as the sleep is short.
      long into = Math.floorMod(PERIOD - sleeper.slept - before, SECOND);
      assertThat(into).isLessThanOrEqualTo(elapsed);
    }
  }

  @Test
  void aSleepThatItsDeadlineEndsIsNotOneThatAPeriodEnds() throws IOException {
    Sleeper sleeper = new Sleeper(Duration.ofDays(10));
    assertThat(sleeper.sleep(Deadline.after(Duration.ofDays(9)))).isTrue();
    assertThat(sleeper.slept).isLessThanOrEqualTo(Duration.ofDays(9).toNanos());
    assertThat(sleeper.sleep(Deadline.after(Duration.ofDays(11)))).isFalse();
    assertThat(sleeper.slept).isGreaterThan(Duration.ofDays(9).toNanos());
  }

  /** A link whose sleeps are over at once, and how long they would have been. */
  private static final class Sleeper implements EventChannel {

    private final Link link;
    private long slept;

    Sleeper(Duration lookPeriod) {
      ControlPage page =
          ControlPage.ofServer(Arena.ofAuto().allocate(Memory.PAGE_SIZE, Memory.PAGE_SIZE));
      VchanOptions options = VchanOptions.DEFAULTS.withLookPeriod(lookPeriod);
      this.link =
          new Link(page, this, new Resources(), options, new Extensions(true, Optional.empty()));
    }

    boolean sleep(Deadline deadline) throws IOException {
      return link.sleep(received(), deadline, new Tally(), 0);
    }

    @Override
    public boolean await(long seen, long timeoutNanos) {
      slept = timeoutNanos;
      return false;
    }

    @Override
    public long received() {
      return 0;
    }

    @Override
    public Peer peer() {
      return Peer.BOUND;
    }

    @Override
    public EventPort port() {
      return new EventPort(1);
    }

    @Override
    public void send() {}

    @Override
    public void wake() {}

    @Override
    public void close() {}
  }
}
