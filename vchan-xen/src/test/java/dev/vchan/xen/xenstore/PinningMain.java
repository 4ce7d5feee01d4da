// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.Deadline;
import dev.vchan.testkit.Watchdog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Blocks many virtual threads in calls that nobody answers, in a JVM with one carrier that cannot
 * get another, and says whether one more thread runs.
 */
final class PinningMain {

  private static final StorePath PATH = new StorePath("/a");

  private PinningMain() {}

  public static void main(String[] arguments) throws Exception {
    System.setProperty("jdk.virtualThreadScheduler.parallelism", "1");
    System.setProperty("jdk.virtualThreadScheduler.maxPoolSize", "1");
    List<Thread> blocked = new ArrayList<>();
    boolean ran;
    try (RawDaemon daemon = new RawDaemon();
        XenStore store = XenStore.open(daemon.socket(), Deadline.NEVER)) {
      for (int i = 0; i < 30; i++) {
        blocked.add(block(() -> store.nodes(Deadline.NEVER).read(PATH)));
        blocked.add(block(() -> store.watch(PATH, Deadline.NEVER)));
        blocked.add(block(() -> store.transact(Deadline.NEVER, nodes -> nodes)));
      }
      blocked.forEach(Watchdog::untilAsleep);
      Thread another = Thread.ofVirtual().start(() -> LockSupport.parkNanos(1));
      ran = another.join(Duration.ofSeconds(30));
    }
    boolean ended = true;
    for (Thread thread : blocked) {
      ended &= thread.join(Duration.ofSeconds(30));
    }
    System.out.println(ran && ended ? "free" : "another ran: " + ran + ", all ended: " + ended);
  }

  private interface Call {
    Object make() throws Exception;
  }

  private static Thread block(Call call) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                call.make();
              } catch (Exception e) {
                // The hold was closed.
                return;
              }
            });
  }
}
