// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.io.IOException;

/** A failure of which the command knows what to say and how to end. */
final class CommandFailure extends IOException {

  private static final long serialVersionUID = 1;

  private final int exitCode;

  CommandFailure(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }
}
