// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import java.util.Optional;

/**
 * What a server publishes for its client: the two XenStore leaves of a vchan.
 *
 * @param ringRef grant of the control page ({@code ring-ref}); not of a ring
 * @param eventChannel the server's unbound event channel port ({@code event-channel})
 */
public record Advertisement(GrantRef ringRef, EventPort eventChannel) {

  /** Name of the leaf that holds {@link #ringRef}. */
  public static final String RING_REF = "ring-ref";

  /** Name of the leaf that holds {@link #eventChannel}. */
  public static final String EVENT_CHANNEL = "event-channel";

  /**
   * Reads the two leaves as a hostile server may have written them.
   *
   * @param ringRef value of the leaf {@code ring-ref}
   * @param eventChannel value of the leaf {@code event-channel}
   * @return the advertisement, or empty unless each value is one to ten decimal digits from 1 to
   *     4,294,967,295, with at most one NUL or newline behind them
   */
  public static Optional<Advertisement> parse(String ringRef, String eventChannel) {
    long ref = parseUnsigned(ringRef);
    long port = parseUnsigned(eventChannel);
    if (ref == 0 || port == 0) {
      return Optional.empty();
    }
    return Optional.of(new Advertisement(new GrantRef((int) ref), new EventPort((int) port)));
  }

  private static long parseUnsigned(String text) {
    if (!text.matches("[0-9]{1,10}[\\n\\x00]?")) {
      return 0;
    }
    char last = text.charAt(text.length() - 1);
    String digits = last < '0' ? text.substring(0, text.length() - 1) : text;
    long value = Long.parseLong(digits);
    return value > 0xFFFF_FFFFL ? 0 : value;
  }
}
