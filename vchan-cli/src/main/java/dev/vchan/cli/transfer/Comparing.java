// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One side goes through what the receiver has already. While that takes time, the other side is
 * told that this one is at work, and the person at the terminal sees how far it is.
 */
final class Comparing implements Sha256.Listener, AutoCloseable {

  private final FrameChannel frames;
  private final Progress.Factory progress;
  private final Consumer<String> report;
  private final String name;
  private final long bytes;
  private long next = System.nanoTime() + FrameChannel.BUSY_INTERVAL.toNanos();
  private long done;
  private int times;
  private @Nullable Progress shown;

  /**
   * Begins.
   *
   * @param name of the file, safe to print
   * @param bytes how many have to be gone through
   */
  Comparing(
      FrameChannel frames,
      Progress.Factory progress,
      Consumer<String> report,
      String name,
      long bytes) {
    this.frames = frames;
    this.progress = progress;
    this.report = report;
    this.name = name;
    this.bytes = bytes;
  }

  @Override
  public void hashed(int more) throws IOException {
    done += more;
    if (shown != null) {
      shown.advance(more);
    }
    long now = System.nanoTime();
    if (now - next < 0) {
      return;
    }
    next = now + FrameChannel.BUSY_INTERVAL.toNanos();
    times++;
    if (times == FrameChannel.LONG_BUSY) {
      report.accept(
          "%s: comparing the %s that are already there".formatted(name, Figures.bytes(bytes)));
      shown = progress.begin("comparing " + name, bytes, 0);
      shown.advance(done);
    }
    frames.writeBusy();
  }

  @Override
  public void close() {
    if (shown != null) {
      shown.close();
    }
  }
}
