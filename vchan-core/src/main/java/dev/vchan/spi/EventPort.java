// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

/**
 * The number of an event channel within one domain, {@code evtchn_port_t}. Not the name of a vchan,
 * which is {@link dev.vchan.PortName}.
 *
 * @param value an unsigned 32-bit number
 */
public record EventPort(int value) {

  @Override
  public String toString() {
    return Integer.toUnsignedString(value);
  }
}
