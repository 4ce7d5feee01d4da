// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.WaitPolicy;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * A channel between two honest ends: blocks go one way and come back, every byte is checked. Each
 * block needs events both ways, and a period after which a sleeper would look by itself is so long
 * that an event which does not come is a hang.
 */
final class Innocent implements AutoCloseable {

  private static final int LARGEST = 40_000;
  private static final VchanOptions OPTIONS =
      VchanOptions.DEFAULTS
          .withWaitPolicy(WaitPolicy.sleepAtOnce())
          .withLookPeriod(Duration.ofHours(1));

  private final Findings findings;
  private final Thread.Builder threads;
  private final long pauseNanos;
  private final Vchan here;
  private final Vchan there;
  private volatile boolean over;
  private volatile long carried;

  /** With its ends in two domains of this process, on threads of this kind. */
  Innocent(
      Backend ours,
      Backend theirs,
      String name,
      Thread.Builder threads,
      long pauseNanos,
      Findings findings)
      throws IOException {
    this.findings = findings;
    this.threads = threads;
    this.pauseNanos = pauseNanos;
    Deadline soon = Deadline.after(Duration.ofSeconds(30));
    DomainId client = theirs.self();
    PortName port = new PortName(name);
    try (VchanListener listener = VchanListener.open(ours, client, port, OPTIONS)) {
      there = Vchan.connect(theirs, ours.self(), port, OPTIONS, soon);
      here = listener.accept(soon);
    }
  }

  Innocent start(long seed) {
    Watchdog.start(threads, () -> run(() -> ask(new Random(seed))));
    Watchdog.start(threads, () -> run(this::answer));
    return this;
  }

  private interface Half {
    void run() throws IOException;
  }

  private boolean run(Half half) {
    try {
      half.run();
    } catch (IOException | RuntimeException | Error e) {
      if (!over) {
        findings.wrong("innocent", e);
      }
    }
    return true;
  }

  private void ask(Random random) throws IOException {
    Patterns sent = new Patterns(1);
    Patterns back = new Patterns(1);
    ByteBuffer block = ByteBuffer.allocate(LARGEST);
    for (; ; ) {
      block.clear().limit(1 + random.nextInt(LARGEST));
      int length = block.limit();
      sent.fill(block);
      here.write(block.flip());
      for (int left = length; left > 0; ) {
        block.clear().limit(left);
        left -= here.read(block);
        back.check(block.flip());
      }
      carried += length;
      LockSupport.parkNanos(pauseNanos);
    }
  }

  private void answer() throws IOException {
    ByteBuffer block = ByteBuffer.allocate(LARGEST / 2);
    while (there.read(block.clear()) >= 0) {
      there.write(block.flip());
    }
  }

  /** Bytes that went there and came back, and were those that were sent. */
  long carried() {
    return carried;
  }

  @Override
  public void close() throws IOException {
    over = true;
    here.close();
    there.close();
  }
}
