// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.cli.transfer.Figures;
import dev.vchan.cli.transfer.Progress;
import java.io.PrintStream;
import java.text.DecimalFormat;
import java.time.Duration;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/** How progress is shown. */
enum ProgressMode implements Progress.Factory {
  /** A bar if standard error is a terminal, lines elsewhere. */
  auto {
    @Override
    public Progress begin(String name, long size, long start) {
      return (Terminal.is(Terminal.STANDARD_ERROR) ? bar : plain).begin(name, size, start);
    }
  },
  /** One line that is drawn again and again. */
  bar {
    @Override
    public Progress begin(String name, long size, long start) {
      return new Bar(name, size, start);
    }
  },
  /** A line every few seconds. */
  plain {
    @Override
    public Progress begin(String name, long size, long start) {
      return new Lines(name, size, start);
    }
  },
  /** Nothing. */
  none {
    @Override
    public Progress begin(String name, long size, long start) {
      return new Progress() {
        @Override
        public void advance(long bytes) {}

        @Override
        public void close() {}
      };
    }
  };

  /** The library's bar, on a line whose width we know without asking its terminal library. */
  private static final class Bar implements Progress {

    private static final int INTERVAL_MILLIS = 200;
    private static final int NAME_WIDTH = 24;

    private final ProgressBar bar;

    Bar(String name, long size, long start) {
      String shown = name.length() <= NAME_WIDTH ? name : name.substring(0, NAME_WIDTH - 3) + "...";
      this.bar =
          new ProgressBarBuilder()
              .setTaskName(shown)
              .setInitialMax(size)
              .setUnit(size < 10 << 20 ? " KiB" : " MiB", size < 10 << 20 ? 1 << 10 : 1 << 20)
              .showSpeed(new DecimalFormat("#"))
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(INTERVAL_MILLIS)
              .startsFrom(start, Duration.ZERO)
              .setConsumer(new Line(System.err, Terminal.width() - 1))
              .build();
    }

    @Override
    public void advance(long bytes) {
      bar.stepBy(bytes);
    }

    @Override
    public void close() {
      bar.close();
    }
  }

  /** One line of the terminal. */
  private record Line(PrintStream out, int width) implements ProgressBarConsumer {

    @Override
    public int getMaxRenderedLength() {
      return width;
    }

    @Override
    public void accept(String text) {
      out.print("\r" + text);
      out.flush();
    }

    @Override
    public void close() {
      out.println();
    }
  }

  /** For logs. */
  private static final class Lines implements Progress {

    private static final long INTERVAL_NANOS = Duration.ofSeconds(5).toNanos();

    private final String name;
    private final long size;
    private final long began = System.nanoTime();
    private long moved;
    private long done;
    private long next = began + INTERVAL_NANOS;

    Lines(String name, long size, long start) {
      this.name = name;
      this.size = size;
      this.done = start;
    }

    @Override
    public void advance(long bytes) {
      moved += bytes;
      done += bytes;
      long now = System.nanoTime();
      if (now - next >= 0) {
        next = now + INTERVAL_NANOS;
        long left = (long) ((double) (size - done) / moved * (now - began));
        System.err.printf(
            "vchan: %s: %d %% of %s, %s, %s left%n",
            name,
            100 * (done >> 10) / Math.max(1, size >> 10),
            Figures.bytes(size),
            Figures.rate(moved, now - began),
            Figures.seconds(left));
      }
    }

    @Override
    public void close() {}
  }
}
