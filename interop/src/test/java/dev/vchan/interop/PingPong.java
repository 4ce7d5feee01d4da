// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.WaitPolicy;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.Patterns;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Our side of a byte that goes to and fro, round after round. One side goes to sleep for it, at
 * once and without spinning; the other one looks all the time, and sends it at a moment that
 * differs from round to round, so that it meets the other in every step of falling asleep.
 *
 * <p>A main of its own, so that the test can run it with a mutant in front of the class path.
 */
final class PingPong {

  /** A sleeper that missed an event finds out by itself after this long. */
  private static final Duration PERIOD = VchanOptions.MIN_LOOK_PERIOD;

  /** Longer than that: whoever is silent for so long sleeps for ever. */
  private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(15);

  private static final VchanOptions OPTIONS =
      VchanOptions.DEFAULTS
          .withSizes(RingSizes.both(1))
          .withLookPeriod(PERIOD)
          .withWaitPolicy(WaitPolicy.sleepAtOnce());

  private final ByteBuffer ball = ByteBuffer.allocate(1);
  private final Vchan channel;
  private final int rounds;

  private PingPong(Vchan channel, int rounds) {
    this.channel = channel;
    this.rounds = rounds;
  }

  /**
   * Runs. Says {@code ok} and the number of rounds, or what went wrong and in which round.
   *
   * @param args directory; own role, {@code SERVER} or {@code CLIENT}; who sleeps, {@code us} or
   *     {@code peer}; how many rounds; the longest delay before a byte is sent back, in nanoseconds
   */
  public static void main(String[] args) throws Exception {
    try (LocalBackend backend = LocalBackend.open(Path.of(args[0]), Hub.JAVA);
        Vchan channel =
            args[1].equals("SERVER")
                ? Vchan.listen(backend, Hub.C, Hub.MEETING, OPTIONS, Hub.soon())
                : Vchan.connect(backend, Hub.C, Hub.MEETING, OPTIONS, Hub.soon())) {
      PingPong game = new PingPong(channel, Integer.parseInt(args[3]));
      String outcome =
          args[2].equals("us") ? game.sleep() : game.lookAllTheTime(Long.parseLong(args[4]));
      System.out.println(outcome);
      if (!outcome.startsWith("ok")) {
        // The peer sleeps for ever; nothing to be closed in good order.
        Runtime.getRuntime().halt(1);
      }
    }
  }

  private String sleep() throws IOException {
    for (int round = 0; round < rounds; round++) {
      channel.write(ball.clear());
      channel.read(ball.clear());
      if (channel.counters().endedByPeriod() != 0) {
        return "slept over the peer's byte in round " + round;
      }
    }
    return "ok " + rounds;
  }

  private String lookAllTheTime(long longestDelay) throws IOException {
    for (int round = 0; round < rounds; round++) {
      long start = System.nanoTime();
      while (channel.dataReady() == 0) {
        if (System.nanoTime() - start > SILENCE_NANOS) {
          return "the peer sleeps over our byte in round " + (round - 1);
        }
      }
      channel.read(ball.clear());
      CloseRound.spin(Long.remainderUnsigned(Patterns.mixed(7, round), longestDelay));
      channel.write(ball.flip());
    }
    return "ok " + rounds;
  }
}
