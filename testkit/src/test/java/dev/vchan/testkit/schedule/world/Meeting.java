// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule.world;

import dev.vchan.Deadline;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.VchanTimeoutException;
import dev.vchan.spi.Backend;
import java.io.IOException;
import java.time.Duration;

/**
 * A server that listens and a client that connects, in both orders, with the rings that a handshake
 * makes; then a byte and its end each way. One of them may die at any step.
 */
class Meeting extends Play {

  private static final PortName PORT = new PortName("p");
  private static final Duration PATIENCE = Duration.ofMillis(250);

  @Override
  void play() throws IOException {
    Backend left = machine.domain(Machine.SERVER);
    Backend right = machine.domain(Machine.CLIENT);
    server.uses(client);
    client.uses(server);
    scheduler.spawn(
        Machine.SERVER,
        "server",
        () -> {
          Deadline deadline = patience();
          if (meet(server, () -> Vchan.listen(left, right.self(), PORT, OPTIONS, deadline))) {
            talk(server, serverIsFirst());
          }
        });
    scheduler.spawn(
        Machine.CLIENT,
        "client",
        () -> {
          Deadline deadline = patience();
          if (meet(client, () -> Vchan.connect(right, left.self(), PORT, OPTIONS, deadline))) {
            talk(client, !serverIsFirst());
          }
        });
  }

  boolean serverIsFirst() {
    return false;
  }

  /** Without a death nobody may need any, lest the end of a wait does what an event should. */
  Deadline patience() {
    return Deadline.NEVER;
  }

  private static void talk(End end, boolean first) {
    if (!first) {
      end.readToTheEnd(2);
    }
    end.write(1);
    end.shutOutput();
    if (first) {
      end.readToTheEnd(2);
    }
    end.close();
  }

  private interface Opening {
    Vchan open() throws IOException;
  }

  private boolean meet(End end, Opening opening) {
    try {
      end.open(opening.open());
      return true;
    } catch (VchanTimeoutException e) {
      end.nobodyCame();
      return false;
    } catch (IOException e) {
      end.justify(e);
      return false;
    }
  }

  /** The server has the first word: the client says nothing that its arrival could be seen by. */
  static final class ServerIsFirst extends Meeting {

    @Override
    boolean serverIsFirst() {
      return true;
    }
  }

  /** A process may die at any step; whoever then waits for it in vain gives up. */
  private abstract static class Death extends Meeting {

    private final int victim;

    Death(int victim) {
      this.victim = victim;
    }

    @Override
    void play() throws IOException {
      super.play();
      machine.mayDie(victim);
    }

    @Override
    Deadline patience() {
      return Deadline.after(PATIENCE);
    }
  }

  /** The server may die. */
  static final class ServerDies extends Death {

    ServerDies() {
      super(Machine.SERVER);
    }
  }

  /** The client may die. */
  static final class ClientDies extends Death {

    ClientDies() {
      super(Machine.CLIENT);
    }
  }
}
