// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.ends.PeerProcess;
import dev.vchan.testkit.ends.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * Blocked virtual threads do not hold their carrier. Shown in a virtual machine that has one
 * carrier and cannot get another: a single thread that kept it would stop all others.
 */
public abstract class PinningContract {

  private static final int READERS = 100;
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final PortName PORT = new PortName("pinning");

  /** For subclasses. */
  protected PinningContract() {}

  /**
   * Makes backends in the other virtual machine; travels there.
   *
   * @return makes the backend of domain 1, which may also be its own peer
   */
  protected abstract PeerProcess.Opening opening();

  @Test
  void blockedReadersLeaveTheirOnlyCarrierToOthers() throws Exception {
    PeerProcess process =
        PeerProcess.start(
            Workers.PLATFORM,
            opening(),
            "-Djdk.virtualThreadScheduler.parallelism=1",
            "-Djdk.virtualThreadScheduler.maxPoolSize=1");
    try {
      process.start(PinningContract::blockManyAndRunOne).get();
    } finally {
      process.close();
    }
  }

  private static boolean blockManyAndRunOne(Backend backend) throws Exception {
    List<Vchan> ends = connectMany(backend);
    List<Thread> readers = new ArrayList<>();
    try {
      for (Vchan end : ends) {
        readers.add(Thread.ofVirtual().start(() -> readUntilClosed(end)));
      }
      for (Vchan end : ends) {
        Watchdog.until("asleep: " + end, () -> end.counters().sleeps() > 0);
      }
      Thread another = Thread.ofVirtual().start(() -> LockSupport.parkNanos(1));
      assertThat(another.join(LONG)).isTrue();
    } finally {
      for (Vchan end : ends) {
        end.close();
      }
    }
    for (Thread reader : readers) {
      assertThat(reader.join(LONG)).isTrue();
    }
    return true;
  }

  private static List<Vchan> connectMany(Backend backend) throws Exception {
    DomainId self = backend.self();
    List<Vchan> ends = new ArrayList<>();
    try (VchanListener listener = VchanListener.open(backend, self, PORT, VchanOptions.DEFAULTS)) {
      while (ends.size() < READERS) {
        Deadline deadline = Deadline.after(LONG);
        var accepting = Watchdog.start("accept", () -> listener.accept(deadline));
        ends.add(Vchan.connect(backend, self, PORT, VchanOptions.DEFAULTS, deadline));
        ends.add(accepting.get());
      }
    }
    return ends;
  }

  private static void readUntilClosed(Vchan end) {
    try {
      int got = end.read(ByteBuffer.allocate(1));
      // The other end, closed first.
      assertThat(got).isEqualTo(-1);
    } catch (ClosedChannelException e) {
      assertThat(end.isOpen()).isFalse();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
