// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

/** One of the two ends of whatever is measured. */
public enum Side {
  /** Listens, sends the streams, asks. */
  A,
  /** Connects, takes the streams, answers. */
  B;

  /**
   * As it is written.
   *
   * @return a word
   */
  public String word() {
    return this == A ? "a" : "b";
  }
}
