// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import java.io.IOException;
import java.time.Duration;

/** Why a transfer ended, and whose fault it was. */
public final class TransferException extends IOException {

  private static final long serialVersionUID = 1;

  /** Whose fault it was. */
  public enum Fault {
    /** The other side said what a correct one does not say. */
    BROKEN_THERE,
    /** The other side said that it cannot go on, or left. */
    FAILED_THERE,
    /** The other side said nothing, or took nothing, for too long. */
    SILENT_THERE,
    /** This side cannot go on. */
    FAILED_HERE
  }

  private final Fault fault;

  TransferException(Fault fault, String message) {
    super(message);
    this.fault = fault;
  }

  static TransferException broken(String what) {
    return new TransferException(
        Fault.BROKEN_THERE, "the other side broke the transfer protocol: " + what);
  }

  static TransferException failedThere(String why) {
    return new TransferException(Fault.FAILED_THERE, "the other side gave up: " + why);
  }

  static TransferException gone(String how) {
    return new TransferException(Fault.FAILED_THERE, "the other side " + how);
  }

  static TransferException silent(Duration patience) {
    return new TransferException(
        Fault.SILENT_THERE, "the other side was silent for " + Figures.patience(patience));
  }

  static TransferException failedHere(String why) {
    return new TransferException(Fault.FAILED_HERE, why);
  }

  /** The same, said of one file. */
  TransferException of(String file, String howFar) {
    TransferException whole = new TransferException(fault, file + ": " + getMessage() + howFar);
    whole.initCause(this);
    return whole;
  }

  /**
   * Whose fault it was.
   *
   * @return who failed
   */
  public Fault fault() {
    return fault;
  }
}
