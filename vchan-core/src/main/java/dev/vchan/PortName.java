// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/**
 * The name two domains agree on for a vchan: the last element of its {@link RendezvousPath}. Not a
 * number; Xen's event channel ports are {@link dev.vchan.spi.EventPort}.
 *
 * <p>The alphabet is that of ocaml-vchan ({@code lib/port.ml}); Qubes uses decimal numbers, which
 * fit in it.
 *
 * @param value one or more of {@code A-Z a-z 0-9 _ -}
 */
public record PortName(String value) {

  /**
   * Checks the alphabet.
   *
   * @throws IllegalArgumentException if {@code value} is empty or holds any other character
   */
  public PortName {
    if (!value.matches("[A-Za-z0-9_-]+")) {
      throw new IllegalArgumentException(
          "port name \"" + value + "\" must be one or more of A-Z a-z 0-9 _ -");
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
