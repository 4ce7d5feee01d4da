// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.Arrays;
import java.util.Locale;

/** What the contestants are given to do. */
enum Work {
  /** Bytes one way, as fast as they go. */
  STREAM,
  /** The same, and the reader adds up every byte. */
  TOUCH,
  /** A message there and back. */
  TRIP,
  /** Open, one byte there and back, close. */
  CONNECT,
  /** The same on several threads at once. */
  RUSH,
  /** Open and unused, beside one that is used. */
  IDLE,
  /** The same, and a virtual thread waits at each end. */
  WAITING,
  /** Messages there and back through many channels at once, a virtual thread at each end. */
  ECHO,
  /** A bare event there and back. */
  EVENT;

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether it is about what goes through a channel that is open. */
  boolean isTraffic() {
    return this == STREAM || this == TOUCH || this == TRIP;
  }

  /** Whether it is about many channels that are open at once. */
  boolean isMany() {
    return this == IDLE || this == WAITING || this == ECHO;
  }

  /** Whether channels are opened in numbers while it is measured, or just before. */
  boolean opensMany() {
    return this == CONNECT || this == RUSH || this == IDLE || this == WAITING;
  }

  static Work of(String word) {
    return Arrays.stream(values())
        .filter(one -> one.word().equals(word))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no such work: " + word));
  }
}
