// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.vchan.spi.Parking;
import java.util.concurrent.TimeUnit;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A favourite that somebody has dismissed leaves its turn, while another caller comes to wait for
 * that: the first has given up, as one does whose deadline is over. The results are whether the
 * second saw the favourite inside, and whether it was unparked. If it waits and is not, it waits
 * for ever.
 */
@JCStressTest
@Outcome(id = "0, [01]", expect = ACCEPTABLE, desc = "The favourite had left.")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The other waits and is unparked.")
@Outcome(id = "1, 0", expect = FORBIDDEN, desc = "The other waits for nothing.")
@State
public class LeaveOrWait {
  private static final Thread CALLER = new Thread(() -> {});
  private static final Thread FIRST = new Thread(() -> {});
  private static final long LONG = TimeUnit.MILLISECONDS.toNanos(20);

  /**
   * The moment in which it can go wrong is short, and one start alone would hardly ever meet it.
   */
  private static final int LATEST = 32;

  private static int starts;

  private final Favourite favourite = new Favourite(CALLER);
  private final int delay = starts++ % LATEST;
  private volatile boolean begun;
  private volatile boolean left;

  public LeaveOrWait() {
    favourite.enter(CALLER);
    favourite.dismiss(FIRST);
  }

  @Actor
  public void leave() {
    while (!begun) {
      Thread.onSpinWait();
    }
    favourite.leave(CALLER);
    left = true;
  }

  @Actor
  public void wait(II_Result result) {
    begun = true;
    for (int i = 0; i < delay; i++) {
      Thread.onSpinWait();
    }
    favourite.dismiss(Thread.currentThread());
    result.r1 = favourite.isInside() ? 1 : 0;
    while (!left) {
      Thread.onSpinWait();
    }
    // Whoever is unparked already does not park. It is tried in any case, so that none is left for
    // the next sample.
    long began = Parking.nanoTime();
    Parking.park(this, result.r1 == 1 ? LONG : 1);
    result.r2 = Parking.nanoTime() - began < LONG / 2 ? 1 : 0;
  }
}
