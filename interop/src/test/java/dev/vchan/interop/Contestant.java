// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Vchan;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Workers;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Who moves bytes to or from libxenvchan as fast as it can: our endpoint, or libxenvchan in its
 * place, with everything else alike.
 *
 * @param own moves them on this side
 * @param peer on the other side
 * @param counter tells what it costs
 */
record Contestant(Mover own, Peer peer, Cost.Counter counter) {

  /** A reader's buffer. */
  private static final int READ = 64 * 1024;

  /** One end of the channel. */
  interface Mover {

    /** Writes, in pieces of one size, or reads what there is. The bytes are not checked. */
    void move(boolean writes, int size, long bytes) throws Exception;

    /** Sends a byte and waits for it to come back, again and again. */
    void ping(int rounds) throws Exception;
  }

  /**
   * One measurement.
   *
   * @param cost of all of it
   * @param nanos from the first byte on
   */
  record Run(Cost cost, long nanos) {}

  private interface Work {
    void run() throws Exception;
  }

  /** Bytes in one direction. The first one goes ahead: when it is through, both have begun. */
  Run stream(boolean writes, int size, long bytes) throws Exception {
    return measure(
        command(!writes, size, bytes),
        () -> own.move(writes, 1, 1),
        () -> own.move(writes, size, bytes - 1));
  }

  /** A byte there and back, and again; the first one is not timed. */
  Run roundTrips(int rounds) throws Exception {
    return measure("reply " + rounds, () -> own.ping(1), () -> own.ping(rounds - 1));
  }

  private Run measure(String peers, Work first, Work rest) throws Exception {
    Cost before = counter.soFar();
    peer.tell(peers);
    first.run();
    long start = System.nanoTime();
    rest.run();
    long nanos = System.nanoTime() - start;
    peer.answered();
    return new Run(counter.soFar().minus(before), nanos);
  }

  /** The peers' patterns go on from run to run; ours are not checked here. */
  private static String command(boolean writes, int size, long bytes) {
    return writes ? "write %d =%d".formatted(bytes, size) : "drop %d %d".formatted(bytes, READ);
  }

  /** Our endpoint in its normal way, on a thread that can be given up. */
  static Mover ours(Vchan channel) {
    return new Mover() {
      @Override
      public void move(boolean writes, int size, long bytes) throws Exception {
        Pending<Long> moving =
            Workers.PLATFORM.start(() -> Contestant.move(channel, writes, size, bytes));
        moving.get();
      }

      @Override
      public void ping(int rounds) throws Exception {
        Pending<Integer> playing = Workers.PLATFORM.start(() -> Contestant.ping(channel, rounds));
        playing.get();
      }
    };
  }

  /** Without deadlines, as the calls of libxenvchan are. */
  private static long move(Vchan channel, boolean writes, int size, long bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(writes ? size : READ);
    for (long left = bytes; left > 0; ) {
      buffer.clear().limit((int) Math.min(left, buffer.capacity()));
      left -= writes ? channel.write(buffer) : channel.read(buffer);
    }
    return bytes;
  }

  private static int ping(Vchan channel, int rounds) throws IOException {
    ByteBuffer ball = ByteBuffer.allocateDirect(1);
    for (int round = 0; round < rounds; round++) {
      channel.write(ball.clear());
      channel.read(ball.clear());
    }
    return rounds;
  }

  /** An end of libxenvchan. */
  static Mover libxenvchan(Peer own) {
    return new Mover() {
      @Override
      public void move(boolean writes, int size, long bytes) throws Exception {
        own.ask(command(writes, size, bytes));
      }

      @Override
      public void ping(int rounds) throws Exception {
        own.ask("ping %d 1 1".formatted(rounds));
      }
    };
  }
}
