// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.vchan.spi.GrantRef;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * M9 and M11: what was stored into the page is there for whoever heard of it by other means, an
 * event or an advertisement. These are calls of the system in truth; here they are the weakest
 * thing that could stand for one, a plain store into a field. So the fence alone makes the order.
 */
public class PageBeforeWord {

  /** The closer's event: the results are whether it came, and whether the closer is gone. */
  @JCStressTest
  @Outcome(id = "0, [01]", expect = ACCEPTABLE, desc = "The event has not come yet.")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The event came, and the closer is gone.")
  @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "The event came, and the closer seems alive.")
  @State
  public static class Event extends SharedPage {
    private final Word word = new Word();

    @Actor
    public void close() {
      client.leave(false);
      word.plain = 1;
    }

    @Actor
    public void wake(II_Result result) {
      result.r1 = word.acquire();
      result.r2 = server.peerLive() == ControlPage.GONE ? 1 : 0;
    }
  }

  /** The server's advertisement: the results are whether it was read, and what is complete. */
  @JCStressTest
  @Outcome(id = "0, [0-4]", expect = ACCEPTABLE, desc = "Not advertised yet.")
  @Outcome(id = "1, 4", expect = ACCEPTABLE, desc = "Advertised, and the page is complete.")
  @Outcome(id = "1, [0-3]", expect = FORBIDDEN, desc = "Advertised, and something is missing.")
  @State
  public static class Advertisement {
    private static final RingLayout LAYOUT = new RingLayout(12, 11);
    private static final List<GrantRef> GRANTS = List.of(new GrantRef(8));

    private final MemorySegment memory = SharedPage.nextPage();
    private final ControlPage server = ControlPage.ofServer(memory);
    private final ControlPage client = ControlPage.ofClient(memory);
    private final Word word = new Word();

    @Actor
    public void advertise() {
      server.initialise(LAYOUT, GRANTS, 0);
      word.plain = 1;
    }

    @Actor
    public void connect(II_Result result) {
      result.r1 = word.acquire();
      ControlPage.Header header = client.header();
      int complete = header.layout().leftOrder() == 12 ? 1 : 0;
      complete += header.layout().rightOrder() == 11 ? 1 : 0;
      complete += header.serverLive() == ControlPage.LIVE ? 1 : 0;
      complete += client.grants(0, 1).equals(GRANTS) ? 1 : 0;
      result.r2 = complete;
    }
  }

  /** Stored plainly, read with acquire: what is lacking is lacking on the side that stores. */
  private static final class Word {
    private static final VarHandle PLAIN = field();

    private int plain;

    int acquire() {
      return (int) PLAIN.getAcquire(this);
    }

    private static VarHandle field() {
      try {
        return MethodHandles.lookup().findVarHandle(Word.class, "plain", int.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }
  }
}
