// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

/**
 * A grant reference, {@code grant_ref_t}: names one page that a domain has shared.
 *
 * @param value an unsigned 32-bit number
 */
public record GrantRef(int value) {

  @Override
  public String toString() {
    return Integer.toUnsignedString(value);
  }
}
