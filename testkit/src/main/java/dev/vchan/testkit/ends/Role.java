// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.ends;

/** The two sides of a handshake; afterwards both ends are alike, which is to be shown. */
public enum Role {
  /** Listens, and donates the memory. */
  SERVER,
  /** Connects. */
  CLIENT;

  /**
   * The peer's role.
   *
   * @return the other one
   */
  public Role other() {
    return this == SERVER ? CLIENT : SERVER;
  }
}
