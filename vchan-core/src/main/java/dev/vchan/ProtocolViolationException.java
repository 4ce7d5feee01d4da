// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/**
 * The shared pages hold something no correct peer puts there. The channel is dead: own side has
 * told the peer so, and every later call throws this same exception until the channel is closed.
 */
public final class ProtocolViolationException extends VchanException {

  private static final long serialVersionUID = 1;

  ProtocolViolationException(String message) {
    super(message, 0);
  }

  ProtocolViolationException(String message, Throwable cause) {
    super(message, 0);
    initCause(cause);
  }
}
