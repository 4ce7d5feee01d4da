// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.IOException;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * M12: a client uses the orders that it has checked. The server is hostile and writes an illegal
 * order while the client connects. The result is the capacity of the client's ring.
 */
@JCStressTest
@Outcome(id = "1024", expect = ACCEPTABLE, desc = "The client joined with the legal orders.")
@Outcome(id = "-1", expect = ACCEPTABLE_INTERESTING, desc = "The client refused the illegal one.")
@Outcome(expect = FORBIDDEN, desc = "The client uses an order that it has not checked.")
@State
public class OrdersReadOnce extends SharedPage {

  private static final DomainId SERVER = new DomainId(0);
  private static final RendezvousPath PATH = new RendezvousPath("/data/test");
  private static final RingLayout ILLEGAL = new RingLayout(5, 11);
  private static final Advertisement ADVERTISEMENT =
      new Advertisement(new GrantRef(8), new EventPort(1));
  private static final VchanOptions OPTIONS = VchanOptions.DEFAULTS;

  @Actor
  public void attack() {
    server.initialise(ILLEGAL, List.of(), 0);
  }

  @Actor
  public void connect(I_Result result) {
    try {
      OnePage backend = new OnePage(memory);
      Vchan channel = Handshake.join(backend, SERVER, PATH, OPTIONS, ADVERTISEMENT);
      result.r1 = channel.outgoingCapacity();
    } catch (StaleAdvertisementException e) {
      result.r1 = -1;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
