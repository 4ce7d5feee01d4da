// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

/**
 * A process that has a channel's page.
 *
 * @param pid its number, as this process sees it
 * @param name what the kernel calls it, with a question mark for whatever is not printable ASCII
 * @param state one letter, as in proc(5): {@code S} for sleeping, {@code R} for running, {@code T}
 *     for stopped by a signal
 */
public record LiveProcess(long pid, String name, char state) {

  /**
   * Whether it does nothing until somebody lets it go on.
   *
   * @return true if a signal or a debugger has stopped it
   */
  public boolean isStopped() {
    return state == 'T' || state == 't';
  }
}
