// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

/**
 * A memory barrier in all threads of all processes that have one of these, made by one of them. A
 * side that is about to sleep can so spare the other the fence behind every message. The module
 * {@code dev.vchan.libc} has one for Linux.
 *
 * <p>May be used by many threads at once.
 */
@FunctionalInterface
public interface MemoryBarrier {

  /**
   * Passes a barrier, and makes every other thread pass one. For each of them there is a point in
   * its program, between the beginning and the return of this call, such that all its accesses to
   * memory before that point are visible to the caller afterwards, and all behind it see what the
   * caller stored before the call. Does not wait for what these threads do. Costs a system call,
   * and an interrupt of each processor on which they run.
   *
   * @throws IllegalStateException if the system refuses, so that the caller must not sleep
   */
  void everywhere();
}
