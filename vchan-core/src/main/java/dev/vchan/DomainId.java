// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/**
 * Number of a domain, {@code domid_t} in Xen's {@code public/xen.h}. Outside Xen it names whatever
 * takes a domain's place: a simulated domain in this JVM, or a process that chose the number.
 *
 * @param value 0 (dom0) to 32,751
 */
public record DomainId(int value) {

  /** First number Xen keeps for itself: {@code DOMID_FIRST_RESERVED}, 0x7FF0 in public/xen.h. */
  public static final int FIRST_RESERVED = 0x7FF0;

  /** The privileged domain, and the default wherever a domain is left out. */
  public static final DomainId DOM0 = new DomainId(0);

  /**
   * Checks the range, once, so that nobody else must.
   *
   * @throws IllegalArgumentException if {@code value} is not 0 to 32,751
   */
  public DomainId {
    if (value < 0 || value >= FIRST_RESERVED) {
      throw new IllegalArgumentException(
          "domain id out of range: " + value + ", must be 0 to " + (FIRST_RESERVED - 1));
    }
  }

  /**
   * Reads a decimal domain id.
   *
   * @param text decimal digits, nothing else
   * @return the domain
   * @throws IllegalArgumentException if {@code text} is not a decimal number from 0 to 32,751
   */
  public static DomainId parse(String text) {
    if (!text.matches("[0-9]{1,5}")) {
      throw new IllegalArgumentException(
          "not a domain id: \"" + text + "\", must be a number from 0 to " + (FIRST_RESERVED - 1));
    }
    return new DomainId(Integer.parseInt(text));
  }

  @Override
  public String toString() {
    return Integer.toString(value);
  }
}
