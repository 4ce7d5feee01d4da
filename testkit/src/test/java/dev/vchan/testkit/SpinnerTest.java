// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.WaitPolicy;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** When the default policy spins, and when it has learnt that it had better not. */
class SpinnerTest {

  /** Well above what the policy takes for a yield without a competitor. */
  private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final WaitPolicy.Spinner spinner = WaitPolicy.adaptive().newSpinner();

  @Test
  void slowYieldsInARowAreAvoidedForTwiceAsLongEachTime() {
    for (int skipped : new int[] {16, 32, 64, 128, 256, 512, 1024, 1024}) {
      assertThat(pausesUntilSlowYield()).isEqualTo(17);
      assertThat(waitsSkipped()).isEqualTo(skipped);
    }
  }

  @Test
  void slowYieldsAreForgottenWhenSpinningPaysOff() {
    pausesUntilSlowYield();
    assertThat(waitsSkipped()).isEqualTo(16);
    for (int i = 0; i < 64; i++) {
      spinner.begin();
      assertThat(spinner.pause()).isTrue();
      spinner.succeeded();
    }
    pausesUntilSlowYield();
    assertThat(waitsSkipped()).isEqualTo(16);
  }

  /** A wait whose first yield is slow: the looks it allows. */
  private int pausesUntilSlowYield() {
    SeamPoint yields = SeamPoint.before("yieldProcessor").by(Thread.currentThread());
    try (var hook = SeamHooks.on(yields, SpinnerTest::loseTheProcessor)) {
      spinner.begin();
      int pauses = 0;
      while (spinner.pause()) {
        pauses++;
      }
      return pauses;
    }
  }

  private static void loseTheProcessor() {
    long start = System.nanoTime();
    do {
      LockSupport.parkNanos(SLOW_NANOS);
    } while (System.nanoTime() - start < SLOW_NANOS);
  }

  /** How many waits sleep at once, before one spins again. */
  private int waitsSkipped() {
    for (int skipped = 0; ; skipped++) {
      spinner.begin();
      if (spinner.pause()) {
        return skipped;
      }
    }
  }
}
