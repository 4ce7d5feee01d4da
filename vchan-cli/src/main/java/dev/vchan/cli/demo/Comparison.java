// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.demo;

import dev.vchan.cli.transfer.Figures;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.ByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Two channels between the same two processes, measured in turns, so that whatever else the machine
 * does meanwhile falls on both alike. Medians, since one bad moment says nothing.
 */
public final class Comparison {

  private static final int ROUNDS = 5;
  private static final int ROUND_TRIPS = 2_000;
  private static final int WARM_UP_ROUND_TRIPS = 5_000;

  private final Load ours;
  private final Load socket;
  private final long bytes;

  /**
   * Compares two channels.
   *
   * @param vchan ours
   * @param socket the other
   * @param bytes how many each stream has
   */
  public Comparison(ByteChannel vchan, ByteChannel socket, long bytes) {
    this.ours = new Load(vchan);
    this.socket = new Load(socket);
    this.bytes = bytes;
  }

  /** One measurement of one channel. */
  private interface Measurement {
    long of(Load load) throws IOException;
  }

  /**
   * Measures and prints a table.
   *
   * @param out where to
   * @throws IOException if a channel fails
   */
  public void print(PrintStream out) throws IOException {
    // Until the compilers have done their work.
    both(load -> load.stream(bytes), 1);
    both(load -> load.roundTrips(WARM_UP_ROUND_TRIPS), 1);
    long[] streams = both(load -> load.stream(bytes), ROUNDS);
    long[] trips = both(load -> load.roundTrips(ROUND_TRIPS), ROUNDS);
    out.printf("  %-22s %14s %14s%n", "", "vchan", "Unix socket");
    row(
        out,
        "stream, " + (Load.CHUNK_BYTES >> 10) + " KiB writes",
        Figures.rate(bytes, streams[0]),
        Figures.rate(bytes, streams[1]),
        streams);
    row(
        out,
        "round trip, " + Load.MESSAGE_BYTES + " bytes",
        micros(trips[0]),
        micros(trips[1]),
        trips);
    out.printf(
        "  medians of %d interleaved rounds, %s and %,d round trips each%n",
        ROUNDS, Figures.bytes(bytes), ROUND_TRIPS);
    sayIfBusy(out);
  }

  /** Who else wants the processors matters more to the figures than anything here. */
  private static void sayIfBusy(PrintStream out) {
    int processors = Runtime.getRuntime().availableProcessors();
    try {
      String text = Files.readString(Path.of("/proc/loadavg"));
      double load = Double.parseDouble(text.substring(0, text.indexOf(' ')));
      if (load > processors) {
        out.printf(
            Locale.ROOT,
            "  this machine is busy, load %.0f on %d processors: expect more when it is not%n",
            load,
            processors);
      }
    } catch (IOException | RuntimeException e) {
      // Only Linux says.
      return;
    }
  }

  private static void row(PrintStream out, String what, String ours, String theirs, long[] nanos) {
    double ratio = (double) nanos[1] / nanos[0];
    String verdict =
        ratio > 0.95 && ratio < 1.05
            ? "the same"
            : ratio >= 1
                ? String.format(Locale.ROOT, "%.1f times as fast", ratio)
                : String.format(Locale.ROOT, "%.1f times slower", 1 / ratio);
    out.printf("  %-22s %14s %14s   %s%n", what, ours, theirs, verdict);
  }

  private static String micros(long nanos) {
    return String.format(Locale.ROOT, "%.1f us", nanos / 1e3);
  }

  private long[] both(Measurement measurement, int rounds) throws IOException {
    long[] first = new long[rounds];
    long[] second = new long[rounds];
    for (int i = 0; i < rounds; i++) {
      first[i] = measurement.of(ours);
      second[i] = measurement.of(socket);
    }
    return new long[] {median(first), median(second)};
  }

  private static long median(long[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }
}
