// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import dev.vchan.SystemRefusedException;

/**
 * Makes all threads of all processes that have registered for it pass a memory barrier. A side that
 * asks for an event can so spare the other the fence behind every message. The module {@code
 * dev.vchan.libc} has one for Linux.
 *
 * <p>May be used by many threads at once.
 */
@FunctionalInterface
public interface MemoryBarrier {

  /**
   * Makes a barrier, and passes it too. For each thread there is a point in its program, reached
   * between the beginning and the return of this call, such that the caller sees afterwards what it
   * stored before that point, and it sees behind it what the caller stored before the call. Does
   * not wait for locks or work of these threads, but for their processors to answer.
   *
   * @throws SystemRefusedException if the system refuses, so that the caller must not sleep
   */
  void everywhere() throws SystemRefusedException;
}
