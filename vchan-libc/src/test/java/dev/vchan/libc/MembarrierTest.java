// SPDX-License-Identifier: Apache-2.0
package dev.vchan.libc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanTimeoutException;
import dev.vchan.WaitPolicy;
import dev.vchan.local.LocalBackend;
import dev.vchan.spi.MemoryBarrier;
import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A barrier of all processes in place of the fence behind each message: nobody is forgotten. */
class MembarrierTest {

  private static final int MESSAGES = 200_000;

  /** Enough cache lines to keep the index behind them from being seen for a while. */
  private static final int MESSAGE = 512;

  /** Far more than a message takes, and less than a look period, after which a sleeper looks. */
  private static final long FORGOTTEN_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final long HOPELESS_NANOS = TimeUnit.SECONDS.toNanos(60);

  private static final VchanOptions SLEEPERS =
      VchanOptions.DEFAULTS.withWaitPolicy(WaitPolicy.sleepAtOnce());

  @TempDir private Path folder;

  /**
   * Without the barrier somebody can only be forgotten where stores are seen late: with two
   * processors, and on x86-64, since the JVM has a fence for the compiler that is one for the
   * processor on others. There the second half must find one.
   */
  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void whoSleepsInAnotherProcessIsNotForgottenWithTheBarrierAndIsWithoutIt() throws Exception {
    int forgotten = forgotten("barrier", MESSAGES);
    assertThat(forgotten).isZero();
    String without = "not to be shown here";
    boolean showable =
        System.getProperty("os.arch").equals("amd64")
            && Runtime.getRuntime().availableProcessors() > 1;
    int forgottenWithout = showable ? forgotten("none", 15 * MESSAGES) : 0;
    if (showable) {
      without = String.valueOf(forgottenWithout);
    }
    System.out.printf(
        "MembarrierTest: forgotten sleepers: %d with the barrier, %s without (then it ends)%n",
        forgotten, without);
    assertThat(forgottenWithout > 0).isEqualTo(showable);
  }

  /**
   * A writer publishes at about the moment at which a reader in another process asks and goes to
   * sleep, and then nothing until that has answered; ends when the reader was forgotten.
   */
  private int forgotten(String barrier, int messages) throws Exception {
    Path root = folder.resolve("root");
    try (LocalBackend backend = LocalBackend.open(root, Ends.SERVER, barrier(barrier));
        VchanListener listener = VchanListener.open(backend, Ends.CLIENT, Ends.PORT, SLEEPERS);
        ChildJvm child =
            new ChildJvm(
                List.of("--enable-native-access=ALL-UNNAMED"),
                Optional.empty(),
                Duration.ofMinutes(8),
                Reader.class,
                root.toString(),
                barrier);
        Vchan writer = listener.accept(Ends.soon())) {
      SplittableRandom random = new SplittableRandom(1);
      ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE);
      for (int sent = 0; sent < messages; sent++) {
        int pause = random.nextInt(12);
        for (int i = 0; i < pause; i++) {
          Thread.onSpinWait();
        }
        writer.write(message.clear());
        if (nanosToAnswer(writer) > FORGOTTEN_NANOS) {
          return 1;
        }
      }
      assertThat(child.isAlive()).isTrue();
      return 0;
    }
  }

  /** Looks without asking, so that the answer comes without an event. */
  private static long nanosToAnswer(Vchan writer) throws IOException {
    long start = System.nanoTime();
    while (writer.dataReady() == 0) {
      if (System.nanoTime() - start > HOPELESS_NANOS) {
        throw new AssertionError("no answer");
      }
      Thread.onSpinWait();
    }
    assertThat(writer.tryRead(ByteBuffer.allocate(1))).isEqualTo(1);
    return System.nanoTime() - start;
  }

  private static MemoryBarrier barrier(String name) throws IOException {
    return name.equals("barrier") ? Membarrier.register() : () -> {};
  }

  /** Answers each message with a byte, and sleeps in between. */
  static final class Reader {

    private Reader() {}

    public static void main(String[] arguments) throws IOException {
      try (LocalBackend backend =
              LocalBackend.open(Path.of(arguments[0]), Ends.CLIENT, barrier(arguments[1]));
          Vchan reader = Vchan.connect(backend, Ends.SERVER, Ends.PORT, SLEEPERS, Ends.soon())) {
        ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE);
        ByteBuffer answer = ByteBuffer.allocateDirect(1);
        while (reader.receive(message.clear(), Deadline.NEVER) > 0) {
          reader.write(answer.clear());
        }
      }
    }
  }

  @Test
  void aRequestMakesOneBarrierForAsLongAsItStands() throws Exception {
    Counted counted = new Counted();
    try (Pair pair = Pair.open(folder, Optional.of(counted), Optional.of(counted), SLEEPERS)) {
      pair.exchange();
      counted.times.set(0);
      ByteBuffer target = ByteBuffer.allocate(1);
      for (int i = 0; i < 10; i++) {
        assertThat(pair.ends.client().tryRead(target.clear())).isZero();
      }
      assertTimesOut(pair.ends.client());
      assertThat(counted.times).hasValue(1);
      pair.exchange();
      assertTimesOut(pair.ends.client());
      assertThat(counted.times).hasValue(2);
    }
  }

  @Test
  void whoeverDiscardsMakesBarriersToo() throws Exception {
    Counted counted = new Counted();
    try (Pair pair = Pair.open(folder, Optional.of(counted), Optional.of(counted), SLEEPERS)) {
      pair.exchange();
      counted.times.set(0);
      pair.ends.client().shutdownInput();
      Watchdog.until("asks", () -> counted.times.get() == 1);
    }
  }

  @Test
  void noBarrierIsMadeForAPeerThatHasNone() throws Exception {
    Counted counted = new Counted();
    assertThat(barriersOfSleepers(Optional.of(counted), Optional.of(counted), SLEEPERS)).isTrue();
    assertThat(barriersOfSleepers(Optional.of(counted), Optional.empty(), SLEEPERS)).isFalse();
    assertThat(barriersOfSleepers(Optional.empty(), Optional.of(counted), SLEEPERS)).isFalse();
  }

  @Test
  void aClassicPageSaysNothingOfBarriers() throws Exception {
    Counted counted = new Counted();
    VchanOptions classic = SLEEPERS.classic();
    assertThat(barriersOfSleepers(Optional.of(counted), Optional.of(counted), classic)).isFalse();
  }

  private boolean barriersOfSleepers(
      Optional<Counted> servers, Optional<Counted> clients, VchanOptions options)
      throws IOException {
    Counted counted = servers.or(() -> clients).orElseThrow();
    counted.times.set(0);
    try (Pair pair = Pair.open(folder, servers, clients, options)) {
      pair.exchange();
      assertTimesOut(pair.ends.client());
      assertTimesOut(pair.ends.server());
    }
    return counted.times.get() > 0;
  }

  @Test
  void aRefusalEndsTheCallBeforeItSleepsAndLosesNothing() throws Exception {
    MemoryBarrier refused =
        () -> {
          throw new SystemRefusedException("barrier", "none today", "wait");
        };
    try (Pair pair = Pair.open(folder, Optional.of(refused), Optional.of(refused), SLEEPERS)) {
      pair.exchange();
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> pair.ends.client().read(ByteBuffer.allocate(1)))
            .isInstanceOf(SystemRefusedException.class)
            .hasMessageContaining("none today");
      }
      pair.exchange();
    }
  }

  @Test
  void aDiscarderTriesAgainAfterARefusal() throws Exception {
    AtomicInteger refusals = new AtomicInteger(2);
    MemoryBarrier later =
        () -> {
          if (refusals.getAndDecrement() > 0) {
            throw new SystemRefusedException("barrier", "none yet", "wait");
          }
        };
    try (Pair pair = Pair.open(folder, Optional.of(later), Optional.of(later), SLEEPERS)) {
      pair.exchange();
      pair.ends.client().shutdownInput();
      Watchdog.until("has tried again", () -> refusals.get() < 0);
      pair.ends.server().write(ByteBuffer.allocate(1));
      pair.ends.server().drain(Ends.soon());
    }
  }

  private static void assertTimesOut(Vchan end) {
    assertThatThrownBy(
            () -> end.read(ByteBuffer.allocate(1), Deadline.after(Duration.ofMillis(20))))
        .isInstanceOf(VchanTimeoutException.class);
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
        Optional<? extends MemoryBarrier> servers,
        Optional<? extends MemoryBarrier> clients,
        VchanOptions options)
        throws IOException {
      Path root = folder.resolve("root");
      LocalBackend server =
          servers.isPresent()
              ? LocalBackend.open(root, Ends.SERVER, servers.get())
              : LocalBackend.open(root, Ends.SERVER);
      LocalBackend client =
          clients.isPresent()
              ? LocalBackend.open(root, Ends.CLIENT, clients.get())
              : LocalBackend.open(root, Ends.CLIENT);
      return new Pair(server, client, Ends.open(server, client, options, options));
    }

    /** A byte each way, which takes the requests that stood. */
    void exchange() throws IOException {
      for (Vchan from : List.of(ends.server(), ends.client())) {
        Vchan to = from == ends.server() ? ends.client() : ends.server();
        from.write(ByteBuffer.allocate(1));
        assertThat(to.read(ByteBuffer.allocate(1), Ends.soon())).isEqualTo(1);
      }
    }

    @Override
    public void close() throws IOException {
      try (server;
          client) {
        ends.close();
      }
    }
  }
}
