// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

/** Tells people what happens, a line at a time and never any of the data. */
public interface Reporter {

  /**
   * What must be known.
   *
   * @param line for everybody
   */
  void say(String line);

  /**
   * What each client did.
   *
   * @param line for those who asked for more
   */
  void detail(String line);

  /**
   * Puts a failure into words.
   *
   * @param failure what was thrown
   * @return one line
   */
  String describe(Throwable failure);
}
