// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.WaitPolicy;
import dev.vchan.WaitPolicy.Spinner;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When the default policy spins, rests, and has learnt that it had better not. */
@Timeout(60)
class SpinnerTest {

  /** Well above what the policy takes for a yield without a competitor. */
  private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private static final int FEWEST_HINTS = 16;
  private static final int MOST_HINTS = 256;
  private static final int RING = 1 << 16;

  private final Spinner spinner = WaitPolicy.adaptive().newSpinner();

  @Test
  void aSlowYieldKeepsTheWholeProcessFromYieldingForTwiceAsLongEachTime() {
    long least = SLOW_NANOS;
    for (int slow = 1; slow <= 5; slow++) {
      least *= 2;
      awaitSlowYield();
      long began = System.nanoTime();
      assertThat(yields()).as("another's, at once").isFalse();
      awaitYield();
      assertThat(System.nanoTime() - began).isGreaterThan(least - SLOW_NANOS);
    }
  }

  @Test
  void everyWaitSpinsWhereTheLastOneHasPaid() {
    for (int wait = 0; wait < 100; wait++) {
      spinner.begin();
      assertThat(spinner.pause()).as("wait " + wait).isTrue();
      spinner.succeeded();
    }
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
  void virtualThreadsGiveUpAfterSoManyYieldsHoweverLongEachTakes() throws Exception {
    Thread virtual =
        Thread.ofVirtual()
            .start(
                () -> {
                  SeamPoint yields = SeamPoint.before("yieldProcessor").by(Thread.currentThread());
                  try (var hook = SeamHooks.on(yields, () -> {})) {
                    spinner.begin();
                    while (spinner.pause()) {}
                    assertThat(hook.hits()).isEqualTo(256);
                  }
                });
    Throwable[] failure = new Throwable[1];
    virtual.setUncaughtExceptionHandler((thread, thrown) -> failure[0] = thrown);
    virtual.join();
    assertThat(failure[0]).isNull();
  }

  /** A thread that loses the processor between two looks has not looked in quick succession. */
  @Test
  void looksThatFindALittleAgainAndAgainAreSpacedOut() {
    do {
      for (int i = 0; i < 100; i++) {
        spinner.found(64, RING);
      }
    } while (hintsBeforeLook() == 0);
  }

  @Test
  void looksThatFindNothingOrEnoughAreNot() {
    for (int found : new int[] {0, RING / 4}) {
      looksThatFindALittleAgainAndAgainAreSpacedOut();
      for (int i = 0; i < 20; i++) {
        spinner.found(found, RING);
      }
      assertThat(hintsBeforeLook()).as("after %d bytes each", found).isZero();
    }
  }

  @Test
  void looksThatAreFarApartAreNot() {
    looksThatFindALittleAgainAndAgainAreSpacedOut();
    for (int i = 0; i < 20; i++) {
      sleep(TimeUnit.MICROSECONDS.toNanos(100));
      spinner.found(64, RING);
      assertThat(hintsBeforeLook()).isZero();
    }
  }

  @Test
  void whoSleepsAtOnceNeitherSpinsNorRests() {
    Spinner none = WaitPolicy.sleepAtOnce().newSpinner();
    try (var hook = SeamHooks.on(SeamPoint.before().by(Thread.currentThread()), () -> {})) {
      for (int i = 0; i < 100; i++) {
        none.found(64, RING);
        none.beforeLook();
        none.begin();
        assertThat(none.pause()).isFalse();
      }
      assertThat(hook.hits()).isZero();
    }
  }

  private int hintsBeforeLook() {
    SeamPoint hints = SeamPoint.before("spinWait").by(Thread.currentThread());
    try (var hook = SeamHooks.on(hints, () -> {})) {
      spinner.beforeLook();
      return hook.hits();
    }
  }

  /** Hints of a wait that finds what it waits for after its first yield, if it may yield. */
  private int hintsOfAWaitThatYields() {
    SeamPoint hints = SeamPoint.before("spinWait").by(Thread.currentThread());
    SeamPoint yields = SeamPoint.before("yieldProcessor").by(Thread.currentThread());
    try (var hinted = SeamHooks.on(hints, () -> {});
        var yielded = SeamHooks.on(yields, () -> {})) {
      spinner.begin();
      while (yielded.hits() == 0 && spinner.pause()) {}
      spinner.succeeded();
      return hinted.hits();
    }
  }

  /** Whether a wait of another channel may yield. */
  private static boolean yields() {
    Spinner another = WaitPolicy.adaptive().newSpinner();
    SeamPoint yields = SeamPoint.before("yieldProcessor").by(Thread.currentThread());
    try (var hook = SeamHooks.on(yields, () -> {})) {
      another.begin();
      while (hook.hits() == 0 && another.pause()) {}
      return hook.hits() > 0;
    }
  }

  private static void awaitYield() {
    while (!yields()) {
      sleep(TimeUnit.MICROSECONDS.toNanos(100));
    }
  }

  /** Waits that may yield, until one has: and that is slow. */
  private static void awaitSlowYield() {
    SeamPoint yields = SeamPoint.before("yieldProcessor").by(Thread.currentThread());
    try (var hook = SeamHooks.on(yields, () -> sleep(SLOW_NANOS))) {
      while (hook.hits() == 0) {
        Spinner any = WaitPolicy.adaptive().newSpinner();
        any.begin();
        while (any.pause()) {}
        sleep(TimeUnit.MICROSECONDS.toNanos(100));
      }
    }
  }

  private static void sleep(long nanos) {
    long start = System.nanoTime();
    do {
      LockSupport.parkNanos(nanos);
    } while (System.nanoTime() - start < nanos);
  }
}
