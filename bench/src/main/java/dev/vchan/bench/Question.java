// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.Locale;

/**
 * What all contestants are asked, one right after the other.
 *
 * @param work what to do
 * @param placement where
 * @param ring bytes of the ring, where a contestant has one of a size that can be chosen
 * @param size bytes of a write or a message; where several channels are open at once their number
 */
record Question(Work work, Placement placement, int ring, int size) {

  /** A contestant's answer to a question is a cell of the table. */
  Cell of(Rival rival) {
    return new Cell(this, rival);
  }

  @Override
  public String toString() {
    return switch (work) {
      case STREAM, TOUCH, TRIP ->
          "%s of %s, ring %s, %s"
              .formatted(work.word(), bytes(size), bytes(ring), placement.word());
      case CONNECT, EVENT -> work.word() + ", " + placement.word();
      case RUSH, IDLE, WAITING, ECHO ->
          "%s of %d channels, %s".formatted(work.word(), size, placement.word());
    };
  }

  /** A size as people write it. */
  static String bytes(int size) {
    if (size >= 1 << 20 && size % (1 << 20) == 0) {
      return (size >> 20) + " MiB";
    }
    return size >= 1 << 10 && size % (1 << 10) == 0
        ? (size >> 10) + " KiB"
        : String.format(Locale.ROOT, "%d B", size);
  }
}
