// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanException;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanTimeoutException;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.Semaphore;

/**
 * Uses channels whose other end is the vandal's, one after another. Whatever it does, a call ends
 * in time, with a count that is possible, or with an exception of the channel's.
 */
final class Attacked implements AutoCloseable {

  private static final DomainId VANDAL = new DomainId(Vandal.DOMAIN);
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final Duration LONG = Duration.ofMillis(200);

  /** Only a hang is so late. */
  private static final long LATE_NANOS = Duration.ofSeconds(10).toNanos();

  /** A channel that is not ruined by then is given up. */
  private static final long PATIENCE_NANOS = Duration.ofSeconds(20).toNanos();

  private final String name;
  private final Findings findings;
  private final Random random;
  private final Opening opening;

  /** Held while there is a channel. */
  private final Semaphore turn = new Semaphore(1);

  private volatile boolean over;

  private interface Opening {
    Vchan open(Deadline deadline) throws IOException;
  }

  private interface Use {
    int once(ByteBuffer buffer, Deadline deadline) throws IOException;
  }

  private Attacked(String name, Opening opening, Random random, Findings findings) {
    this.name = name;
    this.opening = opening;
    this.random = random;
    this.findings = findings;
  }

  /** The side that listens; {@code listener} is the caller's. */
  static Attacked server(VchanListener listener, Random random, Findings findings) {
    return new Attacked("server", listener::accept, random, findings);
  }

  static VchanListener listen(Backend backend) throws IOException {
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(new RingSizes(4096, 2048));
    return VchanListener.open(backend, VANDAL, new PortName(Vandal.VICTIM_SERVES), options);
  }

  /** The side that connects. */
  static Attacked client(Backend backend, Random random, Findings findings) {
    PortName port = new PortName(Vandal.VICTIM_CONNECTS);
    Opening opening =
        deadline -> Vchan.connect(backend, VANDAL, port, VchanOptions.DEFAULTS, deadline);
    return new Attacked("client", opening, random, findings);
  }

  Attacked start() {
    Watchdog.start(name, this::suffer);
    return this;
  }

  private boolean suffer() throws InterruptedException {
    while (!over) {
      turn.acquire();
      try (Vchan channel = opening.open(Deadline.after(LONG))) {
        findings.count(name + " channels");
        use(channel);
      } catch (VchanTimeoutException e) {
        findings.count(name + " nobody came");
      } catch (IOException | RuntimeException | Error e) {
        fail(e);
      } finally {
        turn.release();
      }
    }
    return true;
  }

  /** A reader and a writer, on threads of the one kind or the other, until both have failed. */
  private void use(Vchan channel) throws InterruptedException {
    boolean platform = random.nextBoolean();
    Thread.Builder threads = platform ? Thread.ofPlatform().daemon() : Thread.ofVirtual();
    int size = 1 + random.nextInt(6000);
    Thread reader =
        threads.start(() -> repeat(channel, size, (to, soon) -> read(channel, to, soon)));
    Thread writer =
        threads.start(() -> repeat(channel, size, (from, soon) -> write(channel, from, soon)));
    reader.join();
    writer.join();
  }

  private void repeat(Vchan channel, int size, Use use) {
    ByteBuffer buffer = ByteBuffer.allocate(size);
    long begin = System.nanoTime();
    try {
      while (System.nanoTime() - begin < PATIENCE_NANOS) {
        if (once(buffer.clear(), use) < 0) {
          findings.count(name + " ends");
          return;
        }
        channel.state();
      }
      findings.count(name + " given up");
    } catch (IOException | RuntimeException | Error e) {
      fail(e);
    }
  }

  private int once(ByteBuffer buffer, Use use) throws IOException {
    long start = System.nanoTime();
    try {
      return use.once(buffer, Deadline.after(SHORT));
    } catch (VchanTimeoutException e) {
      return 0;
    } finally {
      if (System.nanoTime() - start > LATE_NANOS) {
        findings.wrong("late: a call with " + SHORT + " took " + LATE_NANOS + " ns");
      }
    }
  }

  private int read(Vchan channel, ByteBuffer to, Deadline soon) throws IOException {
    int bytes = channel.read(to, soon);
    check(bytes, -1, channel.incomingCapacity());
    check(channel.dataReady(), 0, channel.incomingCapacity());
    return bytes;
  }

  private int write(Vchan channel, ByteBuffer from, Deadline soon) throws IOException {
    int bytes = channel.write(from, soon);
    check(bytes, from.position(), from.position());
    check(channel.bufferSpace(), 0, channel.outgoingCapacity());
    return bytes;
  }

  private void check(int found, int least, int most) {
    if (found < least || found > most) {
      findings.wrong("impossible: %d, not %d to %d".formatted(found, least, most));
    }
  }

  /** Those of the channel's own kinds are what it is for. */
  private void fail(Throwable thrown) {
    if (thrown instanceof VchanException || thrown instanceof ClosedChannelException) {
      findings.count(name + " " + thrown.getClass().getSimpleName());
    } else {
      findings.wrong("untyped", thrown);
    }
  }

  /**
   * Lets the present channel end, and opens no other until {@link #resume}. A listener has a page
   * to offer then, whatever it had before. With the vandal gone.
   */
  void rest() throws IOException {
    turn.acquireUninterruptibly();
    for (; ; ) {
      try {
        opening.open(Deadline.after(SHORT)).close();
      } catch (VchanTimeoutException e) {
        return;
      }
    }
  }

  void resume() {
    turn.release();
  }

  @Override
  public void close() {
    over = true;
    turn.acquireUninterruptibly();
    resume();
  }
}
