// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.WaitPolicy;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.Patterns;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One byte that goes to and fro over the smallest ring, again and again, while nobody ever looks
 * without an event. Each side keeps the byte for a moment that differs from round to round, so that
 * it comes back to the other one in every step of falling asleep.
 *
 * <p>A main of its own, so that the test can run it with a mutant in front of the class path.
 */
final class PingPong {

  /** Of a side that sleeps at once: as long as it takes from its first look until it sleeps. */
  private static final int SHORT_NANOS = 6_000;

  /** Of one that spins first: a little longer than it spins, but not in every round. */
  private static final int LONG_NANOS = 80_000;

  private static final int LONG_EVERY = 16;

  private final long seed;
  private final long rounds;
  private final boolean sleeps;
  private final VchanOptions options;

  // Stored without a fence, which would stand in for one that is missing in the endpoint.
  private final AtomicLong served = new AtomicLong();
  private final AtomicLong visited = new AtomicLong();

  private PingPong(long seed, long rounds, boolean sleeps) {
    this.seed = seed;
    this.rounds = rounds;
    this.sleeps = sleeps;
    VchanOptions small = Ends.UNAIDED.withSizes(RingSizes.both(1));
    this.options = sleeps ? small.withWaitPolicy(WaitPolicy.sleepAtOnce()) : small;
  }

  /**
   * Runs. Says {@code ok} and how it went, or what went wrong.
   *
   * @param args role and place; seed; how many rounds; whether both sides sleep at once; whether
   *     they are virtual threads
   */
  public static void main(String[] args) throws Exception {
    PingPong game =
        new PingPong(
            Long.parseLong(args[2]), Long.parseLong(args[3]), Boolean.parseBoolean(args[4]));
    Thread.Builder threads =
        Boolean.parseBoolean(args[5]) ? Thread.ofVirtual() : Thread.ofPlatform();
    Pulse.watch(
        () -> game.served.get() + game.visited.get(),
        () -> "round %s here, %s there".formatted(game.served, game.visited));
    long start = System.nanoTime();
    try (Venue venue = new Venue(args[0], args[1])) {
      venue.play(threads, game::serve, game::visit);
    }
    long millis = (System.nanoTime() - start) / 1_000_000;
    System.out.printf("ok %d rounds in %d ms%n", game.rounds, millis);
  }

  private void serve(Backend backend) throws IOException {
    try (Vchan channel = Vchan.listen(backend, Venue.CLIENTS, Venue.PORT, options, Ends.soon())) {
      ByteBuffer ball = ByteBuffer.allocate(1);
      for (long round = 0; round < rounds; round++) {
        channel.read(ball.clear());
        check(ball, round);
        think(2 * round);
        channel.write(ball.flip());
        served.setOpaque(round + 1);
      }
    }
  }

  private void visit(Backend backend) throws IOException {
    try (Vchan channel = Vchan.connect(backend, Venue.SERVERS, Venue.PORT, options, Ends.soon())) {
      ByteBuffer ball = ByteBuffer.allocate(1);
      for (long round = 0; round < rounds; round++) {
        channel.write(ball.clear().put(0, (byte) round));
        channel.read(ball.clear());
        check(ball, round);
        think(2 * round + 1);
        visited.setOpaque(round + 1);
      }
    }
  }

  private static void check(ByteBuffer ball, long round) throws IOException {
    if (ball.position() != 1 || ball.get(0) != (byte) round) {
      throw new IOException("round " + round + ": " + ball.position() + " bytes, " + ball.get(0));
    }
  }

  private void think(long turn) {
    long mixed = Patterns.mixed(seed, turn);
    if (sleeps) {
      RoundPlan.delay(Long.remainderUnsigned(mixed, SHORT_NANOS));
    } else if (mixed % LONG_EVERY == 0) {
      RoundPlan.delay(Long.remainderUnsigned(mixed, LONG_NANOS));
    }
  }
}
