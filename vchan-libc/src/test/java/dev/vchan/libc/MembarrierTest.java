// SPDX-License-Identifier: Apache-2.0
package dev.vchan.libc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.VchanTimeoutException;
import dev.vchan.WaitPolicy;
import dev.vchan.local.LocalBackend;
import dev.vchan.spi.MemoryBarrier;
import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A barrier of all processes in place of the fence behind each message: nobody is forgotten. */
class MembarrierTest {

  private static final int MESSAGES = 200_000;

  /** Enough cache lines to keep the index behind them from being seen for a while. */
  private static final int MESSAGE = 512;

  /** In which somebody who was forgotten looks by himself, and is counted. */
  private static final Duration LOOK_PERIOD = VchanOptions.MIN_LOOK_PERIOD;

  private static final VchanOptions SLEEPERS =
      VchanOptions.DEFAULTS.withWaitPolicy(WaitPolicy.sleepAtOnce());

  @TempDir private Path folder;

  @Test
  void whoSleepsIsNeverForgottenWithTheBarrierAndIsWithoutIt() throws Exception {
    long forgotten = forgotten(Membarrier.register(), MESSAGES);
    long forgottenWithout = forgotten(() -> {}, 15 * MESSAGES);
    System.out.printf(
        "MembarrierTest: forgotten sleepers: %d with the barrier, %d without (then it ends)%n",
        forgotten, forgottenWithout);
    assertThat(forgotten).isZero();
    assertThat(forgottenWithout).isPositive();
  }

  /**
   * A writer publishes at about the moment at which the reader asks and goes to sleep, and then
   * nothing until the reader has it; ends when one was forgotten.
   */
  private long forgotten(MemoryBarrier barrier, int messages) throws Exception {
    try (Pair pair = Pair.open(folder, Optional.of(barrier), Optional.of(barrier), SLEEPERS)) {
      AtomicLong received = new AtomicLong();
      Vchan reader = pair.ends.client();
      Task<Long> reading = Watchdog.start("read", () -> read(reader, received));
      SplittableRandom random = new SplittableRandom(1);
      ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE);
      for (int sent = 0; sent < messages; sent++) {
        int pause = random.nextInt(12);
        for (int i = 0; i < pause; i++) {
          Thread.onSpinWait();
        }
        pair.ends.server().write(message.clear());
        if (!cameWithin(received, sent + 1, LOOK_PERIOD.multipliedBy(3))) {
          throw new AssertionError("message " + sent + " was never read");
        }
        if (reader.counters().endedByPeriod() > 0) {
          break;
        }
      }
      pair.ends.server().close();
      reading.get();
      return reader.counters().endedByPeriod();
    }
  }

  private static long read(Vchan reader, AtomicLong received) throws IOException {
    ByteBuffer target = ByteBuffer.allocateDirect(MESSAGE);
    while (reader.receive(target.clear(), Deadline.NEVER) > 0) {
      received.incrementAndGet();
    }
    return received.get();
  }

  private static boolean cameWithin(AtomicLong received, long wanted, Duration time) {
    long start = System.nanoTime();
    while (received.get() < wanted) {
      if (System.nanoTime() - start > time.toNanos()) {
        return false;
      }
      Thread.onSpinWait();
    }
    return true;
  }

  @Test
  void onlyWhoGoesToSleepPassesABarrier() throws Exception {
    Counted counted = new Counted();
    try (Pair pair = Pair.open(folder, Optional.of(counted), Optional.of(counted), SLEEPERS)) {
      ByteBuffer target = ByteBuffer.allocate(1);
      for (int i = 0; i < 10; i++) {
        assertThat(pair.ends.client().tryRead(target.clear())).isZero();
      }
      pair.ends.server().write(ByteBuffer.allocate(1));
      assertThat(pair.ends.client().read(target.clear())).isEqualTo(1);
      assertThat(counted.times).hasValue(0);
      assertThatThrownBy(() -> pair.ends.client().read(target.clear(), soon()))
          .isInstanceOf(VchanTimeoutException.class);
      assertThat(counted.times).hasPositiveValue();
    }
  }

  @Test
  void aPeerWithoutABarrierIsAnsweredWithFences() throws Exception {
    Counted counted = new Counted();
    try (Pair pair = Pair.open(folder, Optional.of(counted), Optional.empty(), SLEEPERS)) {
      timeOut(pair);
    }
    try (Pair pair = Pair.open(folder, Optional.empty(), Optional.of(counted), SLEEPERS)) {
      timeOut(pair);
    }
    assertThat(counted.times).hasValue(0);
  }

  @Test
  void aClassicPageSaysNothingOfBarriers() throws Exception {
    Counted counted = new Counted();
    VchanOptions classic = SLEEPERS.classic();
    try (Pair pair = Pair.open(folder, Optional.of(counted), Optional.of(counted), classic)) {
      timeOut(pair);
    }
    assertThat(counted.times).hasValue(0);
  }

  @Test
  void aBarrierThatIsRefusedEndsTheCallBeforeItSleeps() throws Exception {
    MemoryBarrier refused =
        () -> {
          throw new IllegalStateException("no barrier today");
        };
    try (Pair pair = Pair.open(folder, Optional.of(refused), Optional.of(refused), SLEEPERS)) {
      assertThatThrownBy(() -> pair.ends.client().read(ByteBuffer.allocate(1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("no barrier today");
      pair.ends.server().write(ByteBuffer.allocate(1));
      assertThat(pair.ends.client().read(ByteBuffer.allocate(1))).isEqualTo(1);
    }
  }

  @Test
  void aVirtualMachineThatMayNotCallNativeCodeSaysHowItMay() throws Exception {
    try (ChildJvm child = new ChildJvm(Optional.empty(), Duration.ofSeconds(60), Refused.class)) {
      assertThat(child.line().orElse("nothing"))
          .contains("native access")
          .contains("--enable-native-access=dev.vchan.libc");
    }
  }

  private static Deadline soon() {
    return Deadline.after(Duration.ofMillis(20));
  }

  /** Both sides go to sleep, for too long. */
  private static void timeOut(Pair pair) {
    for (Vchan end : new Vchan[] {pair.ends.client(), pair.ends.server()}) {
      assertThatThrownBy(() -> end.read(ByteBuffer.allocate(1), soon()))
          .isInstanceOf(VchanTimeoutException.class);
    }
  }

  /** Counts, and is no barrier. */
  private static final class Counted implements MemoryBarrier {

    final AtomicInteger times = new AtomicInteger();

    @Override
    public void everywhere() {
      times.incrementAndGet();
    }
  }

  /** Two backends and a channel between them. */
  private record Pair(LocalBackend server, LocalBackend client, Ends ends)
      implements AutoCloseable {

    static Pair open(
        Path folder,
        Optional<MemoryBarrier> servers,
        Optional<MemoryBarrier> clients,
        VchanOptions options)
        throws IOException {
      Path root = folder.resolve("root");
      LocalBackend server = open(root, servers, true);
      LocalBackend client = open(root, clients, false);
      return new Pair(server, client, Ends.open(server, client, options, options));
    }

    private static LocalBackend open(Path root, Optional<MemoryBarrier> barrier, boolean server)
        throws IOException {
      var self = server ? Ends.SERVER : Ends.CLIENT;
      return barrier.isPresent()
          ? LocalBackend.open(root, self, barrier.get())
          : LocalBackend.open(root, self);
    }

    @Override
    public void close() throws IOException {
      try (server;
          client) {
        ends.close();
      }
    }
  }

  /** Says why it cannot link. */
  static final class Refused {

    private Refused() {}

    public static void main(String[] arguments) {
      try {
        System.out.println(Membarrier.register());
      } catch (SystemRefusedException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
