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
 * M8 and M10: who sees the peer gone, or its last byte announced, sees what it published before.
 * The writer publishes one byte and then ends; the results are whether the reader saw the end, and
 * how many bytes its final look found.
 */
public class BytesBeforeEnd {

  /** The writer closes without half-close: its live byte is stored. */
  @JCStressTest
  @Outcome(id = "0, [01]", expect = ACCEPTABLE, desc = "The end was not seen yet.")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The end was seen, and the byte before it.")
  @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "The end was seen; the byte before it is lost.")
  @State
  public static class Gone extends SharedPage {
    @Actor
    public void close() {
      writer.publish(1);
      client.leave(false);
    }

    @Actor
    public void read(II_Result result) {
      int live = server.peerLive();
      result.r2 = look(reader);
      result.r1 = live == ControlPage.GONE ? 1 : 0;
    }
  }

  /** The writer closes with half-close: its live byte is part of an update. */
  @JCStressTest
  @Outcome(id = "0, [01]", expect = ACCEPTABLE, desc = "The end was not seen yet.")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The end was seen, and the byte before it.")
  @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "The end was seen; the byte before it is lost.")
  @State
  public static class GoneAtOnce extends SharedPage {
    @Actor
    public void close() {
      writer.publish(1);
      client.leave(true);
    }

    @Actor
    public void read(II_Result result) {
      int live = server.peerLive();
      result.r2 = look(reader);
      result.r1 = live == ControlPage.GONE ? 1 : 0;
    }
  }

  /** The writer announces its last byte and stays. */
  @JCStressTest
  @Outcome(id = "0, [01]", expect = ACCEPTABLE, desc = "The end was not seen yet.")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The end was seen, and the byte before it.")
  @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "The end was seen; the byte before it is lost.")
  @State
  public static class Announced extends SharedPage {
    @Actor
    public void end() {
      writer.publish(1);
      announceEnd(client);
    }

    @Actor
    public void read(II_Result result) {
      boolean ended = server.peerEnded();
      result.r2 = look(reader);
      result.r1 = ended ? 1 : 0;
    }
  }
}
