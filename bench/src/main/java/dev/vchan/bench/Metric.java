// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

/** Names of what is measured, as they are in the files. */
final class Metric {

  /** Millions of bytes a second. */
  static final String MB_PER_SECOND = "mbPerSecond";

  /** Of both processes, for 10^9 bytes. */
  static final String CPU_SECONDS_PER_GB = "cpuSecondsPerGb";

  /** All system calls of both processes, for 10^6 bytes. */
  static final String SYSCALLS_PER_MB = "systemCallsPerMb";

  /** Voluntary switches of both processes, for 10^6 bytes: every sleep, and every yield. */
  static final String SLEEPS_PER_MB = "sleepsPerMb";

  /** Events sent by both sides, for 10^6 bytes. */
  static final String EVENTS_PER_MB = "eventsPerMb";

  /** Bytes of heap for each call of the one or the other side, the greater of the two. */
  static final String ALLOCATED_PER_CALL = "allocatedPerCall";

  /** Microseconds of a round trip, on average. */
  static final String MEAN = "meanMicros";

  /** Microseconds of the median round trip. */
  static final String P50 = "p50Micros";

  /** Microseconds that 99 of 100 round trips take at most. */
  static final String P99 = "p99Micros";

  /** Microseconds that 999 of 1000 round trips take at most. */
  static final String P999 = "p999Micros";

  /** Channels opened, used for a byte each way, and closed in a second. */
  static final String CONNECTS_PER_SECOND = "connectsPerSecond";

  /**
   * Milliseconds of processor time that all idle channels together take in a second, both sides:
   * what is used with them less what is used without.
   */
  static final String IDLE_CPU_MILLIS = "idleCpuMillisPerSecond";

  /** How many times the round trip of the one channel that is used takes, with idle ones around. */
  static final String IDLE_SLOWDOWN = "slowdownBesideIdle";

  /** Threads for each idle channel, both sides. */
  static final String IDLE_THREADS = "threadsPerIdleChannel";

  /** Descriptors for each idle channel, both sides. */
  static final String IDLE_DESCRIPTORS = "descriptorsPerIdleChannel";

  /** Bytes of heap for each idle channel, both sides. */
  static final String IDLE_HEAP = "heapPerIdleChannel";

  /** Bytes of memory of its own that a process has, for each idle channel, both sides. */
  static final String IDLE_MEMORY = "memoryPerIdleChannel";

  /** Round trips in a second through all of many channels together. */
  static final String ECHOES_PER_SECOND = "echoesPerSecond";

  /** Microseconds of processor time for each of these, both processes. */
  static final String ECHO_CPU_MICROS = "cpuMicrosPerEcho";

  /** Round trips of the channel that had fewest, beside the average. */
  static final String ECHO_FEWEST = "fewestEchoesToAverage";

  private Metric() {}
}
