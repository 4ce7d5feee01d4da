// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.foreign.MemorySegment;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * The client's entry: a server that sees the client finds its request, so that its first bytes are
 * not slept over. The results are whether the server saw the client, and whether it found the
 * request.
 */
@JCStressTest
@Outcome(id = "0, [01]", expect = ACCEPTABLE, desc = "The client was not seen yet.")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The client was seen, and its request found.")
@Outcome(id = "1, 0", expect = FORBIDDEN, desc = "The client was seen, and gets no event.")
@State
public class RequestBeforeLive {
  private final MemorySegment memory = SharedPage.nextPage();
  private final ControlPage server = ControlPage.ofServer(memory);
  private final ControlPage client = ControlPage.ofClient(memory);

  @Actor
  public void enter() {
    SharedPage.enter(client);
  }

  @Actor
  public void accept(II_Result result) {
    result.r1 = server.peerLive() == ControlPage.LIVE ? 1 : 0;
    result.r2 = SharedPage.takeRequest(server, ControlPage.WRITE);
  }
}
