// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.PrintStream;
import java.util.Locale;

/** Says on standard error what is being measured, on one line if that is a terminal. */
final class Progress {

  private static final long SECONDS_BETWEEN_LINES = 10;

  private final PrintStream error;
  private final boolean terminal;
  private final long began = System.nanoTime();
  private long lastLine = began;
  private int done;
  private int total;

  Progress(PrintStream error, boolean terminal) {
    this.error = error;
    this.terminal = terminal;
  }

  void begin(int steps) {
    total = steps;
  }

  void step(String what) {
    done++;
    long now = System.nanoTime();
    String line =
        String.format(
            Locale.ROOT,
            "vchan bench: %3d %%, %s: %s",
            done * 100L / Math.max(total, 1),
            elapsed(now),
            what);
    if (terminal) {
      error.print("\r\033[K" + line);
      error.flush();
    } else if (now - lastLine > SECONDS_BETWEEN_LINES * 1_000_000_000L) {
      error.println(line);
      lastLine = now;
    }
  }

  /** Says something that stays. */
  void say(String what) {
    error.println((terminal ? "\r\033[K" : "") + "vchan bench: " + what);
  }

  long seconds() {
    return (System.nanoTime() - began) / 1_000_000_000L;
  }

  private String elapsed(long now) {
    return minutes((now - began) / 1e9);
  }

  /** As on a clock. */
  static String minutes(double seconds) {
    return String.format(Locale.ROOT, "%d:%02d", (int) seconds / 60, (int) seconds % 60);
  }
}
