// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.doctor;

import dev.vchan.SystemRefusedException;
import java.io.IOException;
import java.util.Locale;

/**
 * What was found of one thing.
 *
 * @param level how it is
 * @param subject what was looked at
 * @param text what was found, with the values
 * @param remedy what to do; empty if nothing is to be done
 */
public record Finding(Level level, String subject, String text, String remedy) {

  /** How a thing is. */
  public enum Level {
    /** As it should be. */
    OK,
    /** Something that is needed for some commands is missing. */
    WARNING,
    /** Channels between processes do not work so. */
    FAILURE
  }

  static Finding ok(String subject, String text) {
    return new Finding(Level.OK, subject, text, "");
  }

  static Finding warning(String subject, String text, String remedy) {
    return new Finding(Level.WARNING, subject, text, remedy);
  }

  static Finding failure(String subject, String text, String remedy) {
    return new Finding(Level.FAILURE, subject, text, remedy);
  }

  /** What an exception says; those of ours know a remedy. */
  static Finding of(Level level, String subject, IOException refused, String remedy) {
    String text = String.valueOf(refused.getMessage());
    if (!(refused instanceof SystemRefusedException known)) {
      return new Finding(level, subject, text, remedy);
    }
    String said = text.replace("; " + known.remedy(), "");
    return new Finding(level, subject, said, known.remedy());
  }

  /** One line, and a second one if there is something to do. */
  @Override
  public String toString() {
    String line = "%-8s %-18s %s".formatted(level.name().toLowerCase(Locale.ROOT), subject, text);
    return remedy.isEmpty() ? line : line + "\n%28s%s".formatted("", remedy);
  }
}
