// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

/**
 * Makes a fault in mapped memory appear where it can be caught.
 *
 * <p>When a peer truncates a file that is mapped here, an access to the lost pages does not throw.
 * A load yields anything, a store and a copy do part of their work or nothing, and the {@link
 * InternalError} comes later: compiled code throws it when the thread next asks whether the virtual
 * machine wants something of it. That is where a compiled method returns, and so, after all calls
 * have been inlined, in the frame of whoever called the channel, out of reach of every {@code
 * catch} here. Measured on JDK 25: in a hot loop of reads it surfaced outside in every run.
 *
 * <p>Some accesses are worse: their fault ends the JVM, because HotSpot cannot decode the
 * instruction to get past it. On JDK 25 and x86-64 these are an atomic update, and any store of a
 * byte other than a plain one, while they are interpreted, and a plain load of an int that the
 * optimising compiler has merged with a calculation. Nothing here uses the last two on a page in
 * use; an atomic update is made only of a word that was loaded just before without a fault. What
 * remains is a file truncated within that moment, while the code is still interpreted, or while a
 * program has its writes copied by native code ({@link dev.vchan.BulkCopy}). A backend whose peers
 * are not trusted must therefore not map what they can truncate; pages that a hypervisor grants
 * cannot be.
 *
 * <p>So whoever has accessed shared memory calls {@link #surface} before the results are handed on,
 * inside the {@code try} that catches the error.
 */
public final class MemoryFaults {

  /** Iterations: one to begin with, one that a compiler may peel off, and one that asks. */
  private static final int ROUNDS = 3;

  /** Always 1. Not final: a compiler that knew it would unroll the loop, and ask nothing. */
  private static int step = 1;

  private MemoryFaults() {}

  /**
   * Throws the error of a fault that has happened in this thread and has not been thrown yet. Costs
   * about a nanosecond.
   *
   * @throws InternalError if there was a fault
   */
  @SuppressWarnings("EmptyBlock") // The end of each round asks; there is nothing else to do.
  public static void surface() {
    // A loop whose number of rounds cannot be foreseen asks at the end of each of them.
    for (int round = 0; round < ROUNDS; round += step) {}
  }
}
