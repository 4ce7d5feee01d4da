// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.WaitPolicy;
import dev.vchan.WaitPolicy.Spinner;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** When the default policy spins, and when it has learnt that it had better not. */
class SpinnerTest {

  /** Well above what the policy takes for a yield without a competitor. */
  private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private static final int FEWEST_HINTS = 16;
  private static final int MOST_HINTS = 256;
  private static final int MOST_VIRTUAL_YIELDS = 256;

  private final Spinner spinner = WaitPolicy.adaptive().newSpinner();

  /** Counted from when the slow yield has ended, so that a slow machine makes it only longer. */
  @Test
  void aSlowYieldOfOneChannelKeepsAnotherFromYieldingForTwiceAsLong() {
    long[] ended = new long[1];
    SeamPoint yields = SeamPoint.before("yieldProcessor").by(Thread.currentThread());
    Runnable slow =
        () -> {
          sleep(SLOW_NANOS);
          ended[0] = System.nanoTime();
        };
    try (var hook = SeamHooks.on(yields, slow::run)) {
      Watchdog.until("has yielded", () -> yieldsOnce(spinner, hook));
    }
    try (var hook = SeamHooks.on(yields, () -> {})) {
      Spinner another = WaitPolicy.adaptive().newSpinner();
      Watchdog.until("may yield again", () -> yieldsOnce(another, hook));
    }
    assertThat(System.nanoTime() - ended[0]).isGreaterThanOrEqualTo(2 * SLOW_NANOS);
  }

  @Test
  void hintsThatDoNotPayAreHalvedAndTriedInFullNowAndThen() {
    for (int hints = MOST_HINTS; hints > FEWEST_HINTS; hints /= 2) {
      assertThat(hintsOfAWaitThatYields()).isEqualTo(hints);
    }
    for (int wait = 1; wait < 64; wait++) {
      assertThat(hintsOfAWaitThatYields()).as("wait " + wait).isEqualTo(FEWEST_HINTS);
    }
    assertThat(hintsOfAWaitThatYields()).isEqualTo(MOST_HINTS);
  }

  @Test
  void hintsThatPayOnceAreGivenInFullAgain() {
    for (int i = 0; i < 10; i++) {
      hintsOfAWaitThatYields();
    }
    spinner.begin();
    assertThat(spinner.pause()).isTrue();
    spinner.succeeded();
    assertThat(hintsOfAWaitThatYields()).isEqualTo(MOST_HINTS);
  }

  @Test
  void aVirtualThreadGivesUpAfterSoManyYieldsHoweverLongEachTakes() throws Exception {
    assertThat(virtually(this::yieldsInVain)).isEqualTo(MOST_VIRTUAL_YIELDS);
  }

  @Test
  void waitsInVainAreFollowedByMoreAndMoreThatSleepAtOnceUntilOneSucceeds() throws Exception {
    for (int skipped : new int[] {1, 3, 7, 7}) {
      virtually(this::yieldsInVain);
      assertThat(waitsThatSleepAtOnce()).isEqualTo(skipped);
    }
    virtually(this::yieldsInVain);
    spinner.succeeded();
    assertThat(waitsThatSleepAtOnce()).isZero();
    virtually(this::yieldsInVain);
    assertThat(waitsThatSleepAtOnce()).isEqualTo(1);
  }

  @Test
  void whoSleepsAtOnceNeitherSpinsNorRests() {
    Spinner none = WaitPolicy.sleepAtOnce().newSpinner();
    try (var hook = SeamHooks.on(SeamPoint.before().by(Thread.currentThread()), () -> {})) {
      for (int i = 0; i < 100; i++) {
        none.beforeLook();
        none.found(64, 1 << 16);
        none.begin();
        assertThat(none.pause()).isFalse();
      }
      assertThat(hook.hits()).isZero();
    }
  }

  /** A wait that may yield once, which is allowed at some times only; whether it has. */
  private static boolean yieldsOnce(Spinner any, SeamHooks.Hook yields) {
    any.begin();
    while (yields.hits() == 0 && any.pause()) {}
    any.succeeded();
    return yields.hits() > 0;
  }

  /** Hints of a wait before it yields, or would yield, which is when it looks at the clock. */
  private int hintsOfAWaitThatYields() {
    SeamPoint hints = SeamPoint.before("spinWait").by(Thread.currentThread());
    SeamPoint looks = SeamPoint.before("nanoTime").by(Thread.currentThread());
    int before;
    try (var hinted = SeamHooks.on(hints, () -> {});
        var looked = SeamHooks.on(looks, () -> {})) {
      spinner.begin();
      do {
        before = hinted.hits();
      } while (spinner.pause() && looked.hits() == 0);
      spinner.succeeded();
      return before;
    }
  }

  /** Yields of a whole wait that finds nothing. */
  private int yieldsInVain() {
    SeamPoint yields = SeamPoint.before("yieldProcessor").by(Thread.currentThread());
    try (var hook = SeamHooks.on(yields, () -> {})) {
      spinner.begin();
      while (spinner.pause()) {}
      return hook.hits();
    }
  }

  /** How many waits sleep at once; the one after them has begun. */
  private int waitsThatSleepAtOnce() {
    for (int skipped = 0; ; skipped++) {
      spinner.begin();
      if (spinner.pause()) {
        return skipped;
      }
    }
  }

  private static int virtually(Callable<Integer> work) throws Exception {
    FutureTask<Integer> task = new FutureTask<>(work);
    Thread.ofVirtual().start(task);
    return task.get(30, TimeUnit.SECONDS);
  }

  private static void sleep(long nanos) {
    long start = System.nanoTime();
    do {
      LockSupport.parkNanos(nanos);
    } while (System.nanoTime() - start < nanos);
  }
}
