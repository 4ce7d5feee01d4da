// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.Deadline;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Long streams in both directions at once, over one pair of rings after the other, in pieces of
 * random sizes. Each side says the SHA-256 of what it sent and of what it got.
 *
 * <p>A main of its own, so that the test can run it with a mutant in front of the class path.
 */
final class Soak {

  /** Pieces are of up to so many bits of bytes: each number of bits as often as any other. */
  private static final int LONGEST_BITS = 18;

  private final long seed;
  private final int channels;
  private final long bytes;
  private final AtomicLong moved = new AtomicLong();

  private Soak(long seed, int channels, long bytes) {
    this.seed = seed;
    this.channels = channels;
    this.bytes = bytes;
  }

  /**
   * Runs. Each side that is here says its {@link Sums}, or what went wrong.
   *
   * @param args role and place; seed; how many channels; bytes each way on each
   */
  public static void main(String[] args) throws Exception {
    Soak soak =
        new Soak(Long.parseLong(args[2]), Integer.parseInt(args[3]), Long.parseLong(args[4]));
    Pulse.watch(soak.moved::get, () -> soak.moved + " bytes moved here");
    try (Venue venue = new Venue(args[0], args[1])) {
      venue.play(Thread.ofPlatform(), soak::serve, soak::visit);
    }
  }

  /**
   * What one side has seen.
   *
   * @param bytes each way
   * @param sent SHA-256 of what it wrote
   * @param got SHA-256 of what it read
   * @param millis how long it took
   */
  record Sums(long bytes, String sent, String got, long millis) {

    String line() {
      return String.join(" ", "sums", "" + bytes, sent, got, "" + millis);
    }

    static Sums parse(String line) {
      String[] words = line.split(" ");
      if (!words[0].equals("sums")) {
        throw new AssertionError(line);
      }
      return new Sums(Long.parseLong(words[1]), words[2], words[3], Long.parseLong(words[4]));
    }
  }

  private void serve(Backend backend) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    play(
        seed + 1,
        () -> {
          RingSizes sizes = new RingSizes(ringSize(random), ringSize(random));
          VchanOptions options = Ends.UNAIDED.withSizes(sizes);
          return Vchan.listen(backend, Venue.CLIENTS, Venue.PORT, options, Ends.soon());
        });
  }

  private static int ringSize(SplittableRandom random) {
    return 1 << random.nextInt(10, 21);
  }

  private void visit(Backend backend) throws Exception {
    play(
        seed + 2,
        () -> Vchan.connect(backend, Venue.SERVERS, Venue.PORT, Ends.UNAIDED, Ends.soon()));
  }

  /** Makes a connected channel. */
  private interface Opening {
    Vchan open() throws IOException;
  }

  private void play(long stream, Opening opening) throws Exception {
    long start = System.nanoTime();
    MessageDigest sent = MessageDigest.getInstance("SHA-256");
    MessageDigest got = MessageDigest.getInstance("SHA-256");
    Patterns pattern = new Patterns(stream);
    for (int i = 0; i < channels; i++) {
      try (Vchan channel = opening.open()) {
        SplittableRandom pieces = new SplittableRandom(stream + i);
        SplittableRandom others = pieces.split();
        Watchdog.Task<Void> writing =
            Watchdog.start("soak-writes", () -> write(channel, pattern, pieces, sent));
        read(channel, others, got);
        writing.outcome().get();
        channel.drain(Deadline.NEVER);
      }
    }
    HexFormat hex = HexFormat.of();
    System.out.println(
        new Sums(
                channels * bytes,
                hex.formatHex(sent.digest()),
                hex.formatHex(got.digest()),
                (System.nanoTime() - start) / 1_000_000)
            .line());
  }

  private Void write(Vchan channel, Patterns pattern, SplittableRandom pieces, MessageDigest digest)
      throws IOException {
    ByteBuffer piece = ByteBuffer.allocateDirect(1 << LONGEST_BITS);
    for (long left = bytes; left > 0; ) {
      piece.clear().limit((int) Math.min(left, length(pieces)));
      pattern.fill(piece);
      digest.update(piece.flip());
      left -= channel.write(piece.rewind());
      moved.addAndGet(piece.limit());
    }
    channel.shutdownOutput();
    return null;
  }

  private void read(Vchan channel, SplittableRandom pieces, MessageDigest digest)
      throws IOException {
    ByteBuffer piece = ByteBuffer.allocateDirect(1 << LONGEST_BITS);
    long count = 0;
    while (channel.read(piece.clear().limit(length(pieces))) >= 0) {
      count += piece.position();
      digest.update(piece.flip());
      moved.addAndGet(piece.limit());
    }
    if (count != bytes) {
      throw new IOException(count + " bytes came, " + bytes + " were sent");
    }
  }

  private static int length(SplittableRandom pieces) {
    return pieces.nextInt(1, 1 + (1 << pieces.nextInt(LONGEST_BITS + 1)));
  }
}
