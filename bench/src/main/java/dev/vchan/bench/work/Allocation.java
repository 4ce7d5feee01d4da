// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What was allocated. */
final class Allocation {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Allocation() {}

  /**
   * Bytes allocated so far by the calling thread; for a virtual one by all threads of the system,
   * its carriers among them.
   */
  static long bytes() {
    return Thread.currentThread().isVirtual()
        ? THREADS.getTotalThreadAllocatedBytes()
        : THREADS.getCurrentThreadAllocatedBytes();
  }
}
