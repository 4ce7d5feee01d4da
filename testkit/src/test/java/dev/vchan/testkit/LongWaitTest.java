// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.spi.EventCounter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Virtual threads that may wait for long have no timers of their own, and wait no longer. */
class LongWaitTest {

  private static final String COUNTER = "vchan-core/src/main/java/dev/vchan/spi/EventCounter.java";
  private static final String TICKS = "vchan-core/src/main/java/dev/vchan/spi/Ticks.java";

  /** So that in a second there are as many chances for a mistake as else in hours. */
  private static final SourceChange FAST =
      new SourceChange(
          TICKS,
          """
            static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);
          """,
          """
            static final long TICK_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
          """);

  private static final SourceChange NO_SECOND_LOOK =
      new SourceChange(
          COUNTER,
          """
              } while (someSleepLong() && WATCHED.compareAndSet(this, false, true));
          """,
          """
              } while (false);
          """);

  private static final int WAITS = 20;
  private static final int STAGGER_MILLIS = 50;

  @TempDir private Path folder;

  @Test
  void aLongWaitEndsInTimeAndOneAfterItToo() throws Exception {
    EventCounter counter = new EventCounter();
    long nanos = TimeUnit.MILLISECONDS.toNanos(2_300);
    for (int i = 0; i < 2; i++) {
      long start = System.nanoTime();
      assertThat(
              Watchdog.start(
                      Thread.ofVirtual().name("test-wait"),
                      () -> counter.await(counter.count(), nanos))
                  .get())
          .isFalse();
      assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(nanos);
    }
  }

  /** A wait whose end were seen by the tick after it would be half a tick late in the mean. */
  @Test
  void longWaitsDoNotLastUntilTheNextTick() throws Exception {
    List<Watchdog.Task<Long>> waits = new ArrayList<>();
    for (int i = 0; i < WAITS; i++) {
      long nanos = TimeUnit.MILLISECONDS.toNanos(2_000 + i * STAGGER_MILLIS);
      waits.add(Watchdog.start(Thread.ofVirtual().name("test-wait-" + i), () -> lateness(nanos)));
    }
    List<Long> nanosLate = new ArrayList<>();
    for (Watchdog.Task<Long> wait : waits) {
      nanosLate.add(wait.get());
    }
    Collections.sort(nanosLate);
    assertThat(nanosLate.getFirst()).isNotNegative();
    assertThat(nanosLate.get(WAITS / 2)).isLessThan(TimeUnit.MILLISECONDS.toNanos(250));
  }

  private static long lateness(long nanos) {
    long start = System.nanoTime();
    new EventCounter().await(0, nanos);
    return System.nanoTime() - start - nanos;
  }

  @Test
  void nobodyTicksWhenNobodyWaits() throws Exception {
    Watchdog.start(
            Thread.ofVirtual().name("test-wait"),
            () -> new EventCounter().await(0, TimeUnit.MILLISECONDS.toNanos(2_100)))
        .get();
    Watchdog.until("no ticks", () -> !isTicking());
  }

  private static boolean isTicking() {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().equals("vchan-ticks"));
  }

  @Test
  void aWaitWithoutEndIsEndedByASignal() throws Exception {
    EventCounter counter = new EventCounter();
    Watchdog.Task<Boolean> wait =
        Watchdog.start(
            Thread.ofVirtual().name("test-wait"), () -> counter.await(0, Long.MAX_VALUE));
    wait.untilAsleep();
    counter.signal();
    assertThat(wait.get()).isTrue();
  }

  /** One processor never interleaves the two between two parks. */
  @Test
  void nobodySleepsForEverBesideTheLooksAndSomebodyDoesWithoutTheSecondLook() throws Exception {
    int forgotten = forgotten(10, FAST);
    assertThat(forgotten).isZero();
    boolean showable = Runtime.getRuntime().availableProcessors() > 1;
    int forgottenWithout = showable ? forgotten(20, FAST, NO_SECOND_LOOK) : 0;
    System.out.printf(
        "LongWaitTest: forgotten sleepers: %d, without the second look %s%n",
        forgotten, showable ? forgottenWithout : "not to be shown here");
    assertThat(forgottenWithout > 0).isEqualTo(showable);
  }

  private int forgotten(int seconds, SourceChange... changes) throws Exception {
    Path classes = Files.createDirectory(folder.resolve("changes-" + changes.length));
    SourceChange.compile(List.of(changes), classes);
    try (ChildJvm child =
        new ChildJvm(
            Optional.of(classes), Duration.ofMinutes(2), Sleepers.class, String.valueOf(seconds))) {
      return Integer.parseInt(child.line().orElseThrow());
    }
  }

  /** Sleeps again and again, in many threads; says how many of these have not come back. */
  static final class Sleepers {

    private static final int THREADS = 500;
    private static final long SEED = 1;

    /** From one that is just long on. */
    private static final int SHORTEST_MICROS = 200;

    private static final int MICROS = 400;

    private Sleepers() {}

    public static void main(String[] arguments) throws InterruptedException {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Integer.parseInt(arguments[0]));
      AtomicInteger early = new AtomicInteger();
      List<Thread> threads = new ArrayList<>();
      SplittableRandom random = new SplittableRandom(SEED);
      for (int i = 0; i < THREADS; i++) {
        SplittableRandom own = random.split();
        threads.add(Thread.ofVirtual().start(() -> sleep(own, end, early)));
      }
      long patience = end + TimeUnit.SECONDS.toNanos(15);
      int forgotten = 0;
      for (Thread thread : threads) {
        long left = Math.max(1, patience - System.nanoTime());
        forgotten += thread.join(Duration.ofNanos(left)) ? 0 : 1;
      }
      System.out.println(early.get() > 0 ? "too early: " + early : String.valueOf(forgotten));
    }

    private static void sleep(SplittableRandom random, long end, AtomicInteger early) {
      EventCounter counter = new EventCounter();
      while (System.nanoTime() - end < 0) {
        long nanos = TimeUnit.MICROSECONDS.toNanos(SHORTEST_MICROS + random.nextInt(MICROS));
        long start = System.nanoTime();
        boolean signalled = counter.await(0, nanos);
        if (signalled || System.nanoTime() - start < nanos) {
          early.incrementAndGet();
        }
      }
    }
  }
}
