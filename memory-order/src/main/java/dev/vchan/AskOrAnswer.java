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
 * M3 and M6 with M7: one side publishes and then looks for a request, the other asks and then looks
 * at the index. If neither sees the other, a wake-up is lost. The results are whether the event is
 * sent and what the side that asked found.
 */
public class AskOrAnswer {

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
      result.r1 = takeRequest(client, ControlPage.WRITE);
    }

    @Actor
    public void await(II_Result result) {
      ask(server, ControlPage.WRITE);
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
      result.r1 = takeRequest(server, ControlPage.READ);
    }

    @Actor
    public void await(II_Result result) {
      ask(client, ControlPage.READ);
      result.r2 = look(writer);
    }
  }
}
