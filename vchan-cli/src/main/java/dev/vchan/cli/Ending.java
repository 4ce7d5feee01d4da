// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** When a session ends, apart from both sides having said everything: netcat's flags. */
final class Ending {

  @Option(
      names = "-N",
      description =
          "Close once the other side has taken all of standard input, if it lacks half-close (C"
              + " and OCaml peers do); else keep receiving until it closes.")
  private boolean closeAtEnd;

  @Option(
      names = "-q",
      paramLabel = "SECS",
      converter = Converters.Seconds.class,
      description = "Close this long after the other side has taken all of standard input.")
  private @Nullable Duration lingering;

  /** As with {@code -N}. */
  static Ending atEndOfInput() {
    Ending ending = new Ending();
    ending.closeAtEnd = true;
    return ending;
  }

  /** How long to go on receiving after the input has ended, null for as long as the peer likes. */
  @Nullable Duration lingering(boolean halfClose) {
    if (lingering != null) {
      return lingering;
    }
    return closeAtEnd && !halfClose ? Duration.ZERO : null;
  }
}
