// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** The processor time of this process itself. */
class ProcessCostTest {

  private static final long BURNT_NANOS = 500_000_000;

  @Test
  void aThreadThatEndsDoesNotTakeItsTimeOutOfTheSum() throws Exception {
    List<Long> self = List.of(ProcessHandle.current().pid());
    ProcessCost begin = ProcessCost.of(self);
    CountDownLatch burnt = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    Thread thread = Thread.ofPlatform().start(() -> burn(burnt, end));
    burnt.await();
    ProcessCost before = ProcessCost.of(self);
    assertThat(before.since(begin).cpuNanos()).isGreaterThanOrEqualTo(BURNT_NANOS);
    end.countDown();
    thread.join();
    assertThat(ProcessCost.of(self).since(before).cpuNanos()).isBetween(0L, BURNT_NANOS - 1);
  }

  private static void burn(CountDownLatch burnt, CountDownLatch end) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    while (threads.getCurrentThreadCpuTime() < 2 * BURNT_NANOS) {
      Thread.onSpinWait();
    }
    burnt.countDown();
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
