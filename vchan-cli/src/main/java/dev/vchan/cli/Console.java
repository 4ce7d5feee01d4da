// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.io.PrintStream;

/**
 * What is said to the person at the terminal, on standard error, a line at a time. Standard output
 * belongs to the data, and nothing said here ever contains any of it.
 */
final class Console {

  private final PrintStream error;
  private final int verbosity;

  /**
   * Makes a console.
   *
   * @param verbosity 0 for what must be known, 1 for each step, 2 for stack traces as well
   */
  Console(PrintStream error, int verbosity) {
    this.error = error;
    this.verbosity = verbosity;
  }

  void say(String line) {
    error.println("vchan: " + line);
  }

  /** Said only to those who asked for it with {@code -v}. */
  void detail(String line) {
    if (verbosity > 0) {
      say(line);
    }
  }

  PrintStream stream() {
    return error;
  }
}
