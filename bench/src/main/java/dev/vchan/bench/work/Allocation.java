// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;

/** What was allocated, and what is still held. */
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

  /**
   * Bytes of heap that are in use. First the C library is made to give back what it keeps for
   * later, and garbage is collected, so that what the process still has is what it needs.
   */
  static long settledHeap() throws IOException {
    try {
      ManagementFactory.getPlatformMBeanServer()
          .invoke(
              new ObjectName("com.sun.management:type=DiagnosticCommand"),
              "systemTrimNativeHeap",
              new Object[0],
              new String[0]);
    } catch (JMException e) {
      throw new IOException("this JVM cannot give memory back", e);
    }
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
