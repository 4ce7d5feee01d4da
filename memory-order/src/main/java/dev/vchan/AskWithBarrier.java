// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.vchan.libc.Membarrier;
import dev.vchan.spi.MemoryBarrier;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * As {@link AskOrAnswer}, where the side that asks makes a barrier of all processes, and the other
 * has no fence.
 */
public class AskWithBarrier {

  private static final MemoryBarrier BARRIER = register();

  private static MemoryBarrier register() {
    try {
      return Membarrier.register();
    } catch (SystemRefusedException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  static void everywhere() {
    try {
      BARRIER.everywhere();
    } catch (SystemRefusedException e) {
      throw new AssertionError(e);
    }
  }

  /** The reader waits for bytes. */
  @JCStressTest
  @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "The request was seen: an event is sent.")
  @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "The byte was seen: the reader does not sleep.")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Both were seen: one event too many.")
  @Outcome(id = "0, 0", expect = FORBIDDEN, desc = "The reader sleeps, and no event is sent.")
  @State
  public static class ReaderAsks extends SharedPage {
    @Actor
    public void publish(II_Result result) {
      writer.publish(1);
      result.r1 = takeRequestWithoutFence(client, ControlPage.WRITE);
    }

    @Actor
    public void await(II_Result result) {
      ask(server, ControlPage.WRITE);
      everywhere();
      result.r2 = look(reader);
    }
  }

  /** The writer waits for space. */
  @JCStressTest
  @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "The request was seen: an event is sent.")
  @Outcome(
      id = "0, 1",
      expect = ACCEPTABLE,
      desc = "The space was seen: the writer does not sleep.")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Both were seen: one event too many.")
  @Outcome(id = "0, 0", expect = FORBIDDEN, desc = "The writer sleeps, and no event is sent.")
  @State
  public static class WriterAsks extends SharedPage {
    public WriterAsks() {
      super(CAPACITY);
    }

    @Actor
    public void release(II_Result result) {
      reader.release(1);
      result.r1 = takeRequestWithoutFence(server, ControlPage.READ);
    }

    @Actor
    public void await(II_Result result) {
      ask(client, ControlPage.READ);
      everywhere();
      result.r2 = look(writer);
    }
  }
}
