// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A favourite enters its turn without a fence while another caller dismisses it. The results are
 * whether the favourite entered, and whether the other saw it inside. If neither gives way, two
 * calls of one direction interleave.
 */
@JCStressTest
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The favourite is inside, the other waits.")
@Outcome(id = "0, [01]", expect = ACCEPTABLE, desc = "The favourite was dismissed in time.")
@Outcome(id = "1, 0", expect = FORBIDDEN, desc = "Both have the turn.")
@State
public class EnterOrDismiss {
  private static final Thread CALLER = new Thread(() -> {});
  private static final Thread OTHER = new Thread(() -> {});

  private final Favourite favourite = new Favourite(CALLER);

  @Actor
  public void enter(II_Result result) {
    result.r1 = favourite.enter(CALLER) ? 1 : 0;
  }

  @Actor
  public void dismiss(II_Result result) {
    favourite.dismiss(OTHER);
    result.r2 = favourite.isInside() ? 1 : 0;
  }
}
