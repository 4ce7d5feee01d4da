// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.Patterns;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Scanner;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Channels that are opened, used in both directions and closed, one after another. Does what it is
 * told on standard input: {@code play} and a number of cycles, answered by {@code done}; {@code
 * measure}, answered by its {@link Holdings}.
 *
 * <p>A main of its own, so that the test can run it with a mutant in front of the class path.
 */
final class Cycles {

  private static final int LONGEST = 10_000;

  /** A ring within the page, and rings with one page and with four of their own. */
  private static final int[] RINGS = {1, 4096, 16_384};

  /** Longer than a client goes on to hold what told it of a server. */
  private static final int PAUSES = 40;

  private static final long PAUSE_NANOS = 100_000_000;

  private final long seed;
  private final Path root;
  private @Nullable Holdings first;

  /** Of the thread that serves, and of the one that visits. */
  private long served;

  private long visited;

  private Cycles(long seed, Path root) {
    this.seed = seed;
    this.root = root;
  }

  /**
   * Runs.
   *
   * @param args role and place; seed
   */
  public static void main(String[] args) throws Exception {
    Cycles cycles = new Cycles(Long.parseLong(args[2]), Path.of(args[1]));
    try (Venue venue = new Venue(args[0], args[1]);
        Scanner told = new Scanner(System.in)) {
      while (told.hasNext()) {
        if (told.next().equals("play")) {
          long count = told.nextLong();
          venue.play(
              Thread.ofPlatform(),
              backend -> cycles.serve(backend, count),
              backend -> cycles.visit(backend, count));
          System.out.println("done");
        } else {
          System.out.println(cycles.measure().line());
        }
      }
    }
  }

  /** What both sides of one cycle have to know. */
  private record Plan(int readRing, int writeRing, int toClient, int toServer) {

    static Plan of(long seed, long cycle) {
      SplittableRandom random = new SplittableRandom(seed * 1_000_003 + cycle);
      return new Plan(
          RINGS[random.nextInt(RINGS.length)],
          RINGS[random.nextInt(RINGS.length)],
          random.nextInt(1, LONGEST),
          random.nextInt(1, LONGEST));
    }

    VchanOptions options() {
      return Ends.UNAIDED.withSizes(new RingSizes(readRing, writeRing));
    }
  }

  private void serve(Backend backend, long count) throws IOException {
    for (long i = 0; i < count; i++) {
      long cycle = served++;
      Plan plan = Plan.of(seed, cycle);
      try (Vchan channel =
          Vchan.listen(backend, Venue.CLIENTS, Venue.PORT, plan.options(), Ends.soon())) {
        channel.write(new Patterns(cycle).next(plan.toClient()), Ends.soon());
        read(channel, cycle, plan.toServer());
      }
    }
  }

  private void visit(Backend backend, long count) throws IOException {
    for (long i = 0; i < count; i++) {
      long cycle = visited++;
      Plan plan = Plan.of(seed, cycle);
      try (Vchan channel =
          Vchan.connect(backend, Venue.SERVERS, Venue.PORT, plan.options(), Ends.soon())) {
        read(channel, cycle, plan.toClient());
        channel.write(new Patterns(cycle).next(plan.toServer()), Ends.soon());
      }
    }
  }

  private static void read(Vchan channel, long stream, int bytes) throws IOException {
    Patterns pattern = new Patterns(stream);
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, Ends.soon()) < 0) {
        throw new IOException("cycle " + stream + ": the end after " + buffer.position());
      }
    }
    pattern.check(buffer.flip());
  }

  /** What is about to be given back is waited for, but not for ever. */
  private Holdings measure() throws IOException {
    Holdings before = first;
    if (before == null) {
      LockSupport.parkNanos(10 * PAUSE_NANOS);
      first = Holdings.now(root);
      return first;
    }
    Holdings now = Holdings.now(root);
    for (int i = 0; i < PAUSES && !now.noMoreThan(before); i++) {
      LockSupport.parkNanos(PAUSE_NANOS);
      now = Holdings.now(root);
    }
    return now;
  }
}
