// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/** What was allocated, and what is still held. */
final class Allocation {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** What native memory tracking says of the memory in which compilers work. */
  private static final Pattern COMPILERS =
      Pattern.compile("Arena Chunk \\(reserved=\\d+KB, committed=(\\d+)KB\\)");

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
    diagnose("systemTrimNativeHeap");
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /**
   * Bytes in which the JVM's compilers work, and which it keeps for the next compilation for up to
   * five seconds, megabytes. They would hide what channels take.
   */
  static long ofCompilers() throws IOException {
    Matcher line = COMPILERS.matcher(diagnose("vmNativeMemory", "summary"));
    if (!line.find()) {
      throw new IOException("this JVM does not track its native memory");
    }
    return Long.parseLong(line.group(1)) * 1024;
  }

  private static String diagnose(String command, String... arguments) throws IOException {
    try {
      return String.valueOf(
          ManagementFactory.getPlatformMBeanServer()
              .invoke(
                  new ObjectName("com.sun.management:type=DiagnosticCommand"),
                  command,
                  new Object[] {arguments},
                  new String[] {String[].class.getName()}));
    } catch (JMException e) {
      throw new IOException("this JVM cannot do " + command, e);
    }
  }
}
