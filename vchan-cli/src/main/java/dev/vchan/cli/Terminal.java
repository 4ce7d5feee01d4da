// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * What the standard streams are connected to, as far as {@code /proc} tells. Where there is none
 * they count as files, which is the safe guess.
 */
final class Terminal {

  static final int STANDARD_INPUT = 0;
  static final int STANDARD_OUTPUT = 1;
  static final int STANDARD_ERROR = 2;

  private static final int USUAL_HEIGHT = 24;
  private static final int USUAL_WIDTH = 80;

  private Terminal() {}

  /** Whether a file descriptor is a terminal. */
  static boolean is(int descriptor) {
    try {
      String target = Files.readSymbolicLink(link(descriptor)).toString();
      return target.matches("/dev/(pts/\\d+|tty.*|console|hvc\\d+)");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /**
   * Whether this process is a background job of its terminal. Reading from the terminal would stop
   * it (SIGTTIN).
   */
  static boolean inBackground() {
    try {
      String stat = Files.readString(Path.of("/proc/self/stat"));
      // After the name in parentheses: state, ppid, pgrp, session, tty_nr, tpgid (proc(5)).
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return fields.length > 5 && !fields[2].equals(fields[5]);
    } catch (IOException e) {
      return false;
    }
  }

  /** Columns of the terminal at standard error, 80 if it does not say. */
  static int width() {
    return size(STANDARD_ERROR).columns();
  }

  /**
   * How large a terminal is.
   *
   * @param rows how many lines it shows
   * @param columns how long they are
   */
  record Size(int rows, int columns) {}

  /** The size of the terminal at a descriptor, 24 by 80 if it does not say. */
  static Size size(int descriptor) {
    Size usual = new Size(USUAL_HEIGHT, USUAL_WIDTH);
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(new File(link(descriptor).toString()))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String[] size =
          new String(stty.getInputStream().readAllBytes(), US_ASCII).trim().split(" ", -1);
      if (!stty.waitFor(1, TimeUnit.SECONDS) || size.length != 2) {
        return usual;
      }
      Size said = new Size(Integer.parseInt(size[0]), Integer.parseInt(size[1]));
      return said.rows() > 0 && said.columns() > 0 ? said : usual;
    } catch (IOException | NumberFormatException e) {
      return usual;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return usual;
    }
  }

  private static Path link(int descriptor) {
    return Path.of("/proc/self/fd/" + descriptor);
  }
}
