// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One client's stay at a server: two streams that no other visit has. Both sides leave bytes unread
 * in the ring, which the next client would find if it got the same page.
 *
 * @param number of the visit
 */
record Visit(int number) {

  static final VchanOptions OPTIONS = VchanOptions.DEFAULTS.withSizes(RingSizes.both(1));

  private static final int MOST_TRIES = 1_000_000;

  private static final int THERE = 700;
  private static final int BACK = 600;
  private static final int LEFT = 50;

  private long seed() {
    return 2L * number + 1;
  }

  /** The first eight bytes of the client, which tell the server who has come. */
  long greeting() {
    return Patterns.mixed(seed(), 0);
  }

  static long readGreeting(Vchan channel) throws IOException {
    ByteBuffer greeting = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    channel.receive(greeting, Hub.soon());
    return greeting.flip().getLong();
  }

  /** The server's part, after the greeting. Returns when the client has gone. */
  void serve(Vchan channel) throws IOException {
    Patterns in = new Patterns(seed());
    in.next(Long.BYTES);
    ByteBuffer rest = ByteBuffer.allocate(THERE - Long.BYTES);
    channel.receive(rest, Hub.soon());
    in.check(rest.flip());
    channel.write(new Patterns(seed() + 1).next(BACK + LEFT), Hub.soon());
    Watchdog.until("left by its client", () -> channel.state() != VchanState.CONNECTED);
  }

  /** The client comes, and is served. Returns how often it had to try. */
  long come(CPeer peer, RendezvousPath path) throws IOException, InterruptedException {
    long tries = peer.ask("connect %s %s %d".formatted(Hub.JAVA, path, MOST_TRIES))[2];
    talk(peer);
    return tries;
  }

  /** The part of a client that has come. */
  void talk(CPeer peer) throws IOException, InterruptedException {
    peer.ask("streams %d %d".formatted(seed(), seed() + 1));
    peer.ask("write %d %d".formatted(THERE + LEFT, 300));
    peer.ask("read %d %d".formatted(BACK, 300));
  }
}
