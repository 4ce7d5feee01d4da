// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/** Where a channel stands. */
public enum VchanState {
  /** Both sides are there. */
  CONNECTED,
  /** The peer has closed its side. What it wrote before can still be read. */
  PEER_CLOSED,
  /** The peer died. What it wrote before can still be read. */
  PEER_DIED,
  /** The peer broke the protocol; the channel can only be closed. */
  FAILED,
  /** This side is closed. */
  CLOSED
}
