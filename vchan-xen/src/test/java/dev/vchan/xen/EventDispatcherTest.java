// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.spi.EventCounter;
import dev.vchan.testkit.LeakCheck;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever reads the device, each event arrives at those who wait for it. */
class EventDispatcherTest {

  private static final long LONG = TimeUnit.SECONDS.toNanos(60);
  private static final int ROUNDS = 3_000;

  private final Map<Integer, EventCounter> counters = new ConcurrentHashMap<>();
  private LeakCheck leaks;
  private FakeEvtchn evtchn;
  private EventDispatcher dispatcher;

  @BeforeEach
  void start() throws IOException {
    XenContractTest.warmUp();
    leaks = new LeakCheck();
    evtchn = new FakeEvtchn();
    dispatcher =
        new EventDispatcher(
            evtchn.descriptor(),
            new EventDispatcher.Ports() {
              @Override
              public void arrived(int port) {
                counter(port).signal();
              }

              @Override
              public List<Integer> numbers() {
                return List.copyOf(counters.keySet());
              }

              @Override
              public void end() {
                counters.values().forEach(EventCounter::signal);
              }
            });
  }

  @AfterEach
  void stop() throws IOException {
    dispatcher.close();
    evtchn.close();
    leaks.assertNothingLeft();
  }

  private EventCounter counter(int port) {
    return counters.computeIfAbsent(port, number -> new EventCounter());
  }

  /** Waits for an event newer than {@code seen}, and tells how many there were then. */
  private long awaitNewer(int port, long seen) {
    EventCounter counter = counter(port);
    long start = System.nanoTime();
    while (counter.count() == seen && System.nanoTime() - start < LONG) {
      dispatcher.await(counter, seen, LONG);
    }
    assertThat(counter.count()).as("events of port " + port).isGreaterThan(seen);
    return counter.count();
  }

  private static <T> Task<T> start(boolean virtual, Callable<T> work) {
    return Watchdog.start(virtual ? Thread.ofVirtual() : Thread.ofPlatform().daemon(), work);
  }

  private Task<Long> waiter(int port, boolean virtual) {
    return start(virtual, () -> awaitNewer(port, 0));
  }

  @ParameterizedTest
  @CsvSource({"false,false", "false,true", "true,false", "true,true"})
  void eachOfTwoWaitersGetsItsOwn(boolean firstVirtual, boolean secondVirtual) throws Exception {
    Task<Long> first = waiter(1, firstVirtual);
    Task<Long> second = waiter(2, secondVirtual);
    evtchn.send(2);
    assertThat(second.get()).isEqualTo(1);
    assertThat(first.outcome()).isNotDone();
    evtchn.send(1);
    assertThat(first.get()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoStillWaitsWhenTheReaderLeavesGetsItsOwn(boolean virtual) throws Exception {
    Task<Long> reader = waiter(1, false);
    Watchdog.untilAsleep(reader.thread());
    Task<Long> other = waiter(2, virtual);
    Watchdog.untilAsleep(other.thread());
    evtchn.send(1);
    assertThat(reader.get()).isEqualTo(1);
    evtchn.send(2);
    assertThat(other.get()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anEventThatCameBeforeIsFoundByWhoWaits(boolean virtual) throws Exception {
    evtchn.send(1);
    assertThat(waiter(1, virtual).get()).isEqualTo(1);
  }

  @Test
  void whoReadsIsWokenByWhatDidNotComeFromTheDevice() throws Exception {
    Task<Long> waiter = waiter(1, false);
    Watchdog.untilAsleep(waiter.thread());
    counter(1).signal();
    dispatcher.rouse();
    assertThat(waiter.get()).isEqualTo(1);
  }

  @Test
  void whoReadsIsWokenByAnInterrupt() throws Exception {
    EventCounter counter = counter(1);
    Task<Boolean> waiter =
        Watchdog.start(
            "interrupted",
            () -> {
              dispatcher.await(counter, 0, LONG);
              return Thread.interrupted();
            });
    Watchdog.untilAsleep(waiter.thread());
    waiter.thread().interrupt();
    assertThat(waiter.get()).isTrue();
    evtchn.send(1);
    assertThat(awaitNewer(1, 0)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theTimeOfAWaitIsLimited(boolean virtual) throws Exception {
    EventCounter counter = counter(1);
    Task<Boolean> waiter =
        start(
            virtual,
            () -> {
              dispatcher.await(counter, 0, TimeUnit.MILLISECONDS.toNanos(5));
              return counter.count() == 0;
            });
    assertThat(waiter.get()).isTrue();
  }

  /** Every mixture, so that each hands the device over to each of the others. */
  @ParameterizedTest
  @CsvSource({"1,0", "2,0", "0,1", "0,2", "1,1", "3,3"})
  void noEventIsLostWhileTheDeviceIsHandedOver(int platform, int virtual) throws Exception {
    List<Task<Integer>> players = new ArrayList<>();
    for (int port = 0; port < platform + virtual; port++) {
      int own = port;
      players.add(start(port >= platform, () -> play(own)));
    }
    for (Task<Integer> player : players) {
      assertThat(player.get()).isEqualTo(ROUNDS);
    }
  }

  private int play(int port) throws IOException {
    long seen = 0;
    int round = 0;
    for (; round < ROUNDS; round++) {
      evtchn.send(port);
      seen = awaitNewer(port, seen);
    }
    return round;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aCloseEndsWhoReads(boolean virtual) throws Exception {
    EventCounter counter = counter(1);
    Task<Long> waiter = waiter(1, virtual);
    if (!virtual) {
      Watchdog.untilAsleep(waiter.thread());
    }
    counter.signal();
    dispatcher.close();
    assertThat(waiter.get()).isEqualTo(1);
  }
}
