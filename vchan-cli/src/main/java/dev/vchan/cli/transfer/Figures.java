// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;

/** Numbers as people read them. */
public final class Figures {

  private static final double MEBI = 1 << 20;
  private static final double NANOS = 1e9;

  private Figures() {}

  /**
   * A number of bytes.
   *
   * @param bytes how many
   * @return in a unit that suits
   */
  public static String bytes(long bytes) {
    if (bytes < 1 << 10) {
      return bytes + " bytes";
    }
    if (bytes < 1 << 20) {
      return String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0);
    }
    return bytes < 1 << 30
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / MEBI)
        : String.format(Locale.ROOT, "%.2f GiB", bytes / MEBI / 1024);
  }

  /**
   * How fast.
   *
   * @param bytes how many
   * @param nanos in which time
   * @return MiB per second, or less
   */
  public static String rate(long bytes, long nanos) {
    double perSecond = bytes / (double) Math.max(1, nanos) * NANOS;
    if (perSecond < MEBI) {
      return String.format(Locale.ROOT, "%.0f KiB/s", perSecond / 1024);
    }
    return String.format(Locale.ROOT, "%.0f MiB/s", perSecond / MEBI);
  }

  /**
   * A time span.
   *
   * @param nanos how long
   * @return seconds
   */
  public static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%.2f s", nanos / NANOS);
  }

  /** A time that a person has chosen, as it was typed. */
  static String patience(Duration chosen) {
    return BigDecimal.valueOf(chosen.toNanos(), 9).stripTrailingZeros().toPlainString() + " s";
  }

  static String summary(String what, String name, long size, long start, long began, byte[] sum) {
    long nanos = System.nanoTime() - began;
    String resumed = start > 0 ? ", resumed at " + bytes(start) : "";
    return "%s %s: %s in %s, %s%s, SHA-256 %s"
        .formatted(
            what,
            name,
            bytes(size),
            seconds(nanos),
            rate(size - start, nanos),
            resumed,
            HexFormat.of().formatHex(sum));
  }
}
