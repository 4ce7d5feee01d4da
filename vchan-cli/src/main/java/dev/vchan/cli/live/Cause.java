// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import java.util.Locale;

/** How a channel is, or one direction of it, the worst first. */
public enum Cause {
  /** The indices of a ring, or a live byte, have a value that no correct peer writes. */
  CORRUPT_INDEX,
  /** The page is not one of a channel. */
  UNREADABLE,
  /** A process has died, and the other side still holds the channel. */
  DEAD_PEER,
  /** A side has asked and was not told although what it asked for is there. */
  LOST_EVENT,
  /** The ring is full, and the writer waits for the reader. */
  WRITER_BLOCKED,
  /** There are bytes, and the reader neither takes them nor waits for them. */
  READER_IDLE,
  /** A side has closed, and the other one still holds the channel. */
  CLOSED,
  /** No client has come yet. */
  WAITING_FOR_CLIENT,
  /** Bytes move. */
  FLOWING,
  /** There, and not watched for long enough to say more. */
  CONNECTED,
  /** There is nothing to do. */
  IDLE,
  /** The writer has sent its last byte, and the reader has taken it. */
  ENDED;

  /**
   * The name for machines.
   *
   * @return small letters, with hyphens
   */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether somebody should have a look. */
  boolean isBad() {
    return compareTo(READER_IDLE) <= 0;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
