// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static dev.vchan.testkit.Ends.soon;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.spi.StaleAdvertisementException;
import dev.vchan.testkit.ForeignPeer.Dialect;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** A server whose page outlives its clients, ours and others, on every backend. */
@SuppressWarnings("try") // Closing at a moment of its choice is what many a test is about.
public abstract class PersistentContract extends BackendContract {

  private static final PortName PORT = new PortName("persistent");
  private static final RendezvousPath PATH = RendezvousPath.of(SERVER, CLIENT, PORT);
  private static final VchanOptions DEFAULTS = VchanOptions.DEFAULTS;

  /** Made by the subclass. */
  protected PersistentContract() {}

  private Vchan connect() throws IOException {
    return Vchan.connect(client, SERVER, PORT, DEFAULTS, soon());
  }

  @Test
  @Case("T81")
  void aPersistentServersStreamsGoOnWithTheNextClientWhicheverItIs() throws Exception {
    Patterns toServer = new Patterns(1);
    Patterns atServer = new Patterns(1);
    Patterns toClient = new Patterns(2);
    Patterns atClient = new Patterns(2);
    try (VchanListener listener = VchanListener.open(server, CLIENT, PORT, DEFAULTS.persisting());
        Vchan first = connect();
        Vchan accepted = listener.accept(soon())) {
      first.write(toServer.next(10));
      expect(accepted, atServer, 5);
      accepted.write(toClient.next(7));
      expect(first, atClient, 3);
      first.close();
      try (ForeignPeer second = connectAsC()) {
        ByteBuffer left = ByteBuffer.allocate(4);
        assertThat(second.read(left)).isEqualTo(4);
        atClient.check(left.flip());
        second.write(toServer.next(6));
        expect(accepted, atServer, 11);
      }
      try (Vchan third = connect()) {
        third.write(toServer.next(20));
        accepted.write(toClient.next(30));
        expect(third, atClient, 30);
        expect(accepted, atServer, 20);
        assertThat(third.state()).isEqualTo(VchanState.CONNECTED);
      }
    }
  }

  /** Where the end of a client is noticed a moment late, its port is busy that long. */
  private ForeignPeer connectAsC() throws IOException {
    for (int tries = 0; ; tries++) {
      try {
        return Dialect.LIBXENVCHAN.connect(client, SERVER, PATH);
      } catch (StaleAdvertisementException e) {
        if (tries == 1000) {
          throw e;
        }
        LockSupport.parkNanos(10_000_000);
      }
    }
  }

  private static void expect(Vchan ours, Patterns expected, int bytes) throws IOException {
    ByteBuffer got = ByteBuffer.allocate(bytes);
    assertThat(ours.receive(got, soon())).isEqualTo(bytes);
    expected.check(got.flip());
  }
}
