// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import dev.vchan.PageSnapshot.Ring;
import dev.vchan.PageSnapshot.Side;

/** Follows one direction of a channel from look to look. */
final class LaneHistory {

  private Ring last;
  private boolean corrupt;
  private boolean ended;
  private long produced;
  private long consumed;
  private long quietSince;
  private boolean readerAsks;
  private long readerAsksSince;
  private boolean writerAsks;
  private long writerAsksSince;

  LaneHistory(Ring first, long now) {
    last = first;
    quietSince = now;
  }

  void add(Ring ring, boolean steady, Side writer, Side reader, long now) {
    if (!ring.equals(last)) {
      quietSince = now;
      if (ring.isPossible() && last.isPossible()) {
        produced += Integer.toUnsignedLong(ring.producer() - last.producer());
        consumed += Integer.toUnsignedLong(ring.consumer() - last.consumer());
      }
    }
    // Two indices of a ring that moves are read one after the other, and need not fit each other.
    corrupt = !ring.isPossible() && (steady || !last.isPossible());
    last = ring;
    ended = writer.ended();
    readerAsksSince = readerAsks ? readerAsksSince : now;
    readerAsks = reader.asksForBytes();
    writerAsksSince = writerAsks ? writerAsksSince : now;
    writerAsks = writer.asksForSpace();
  }

  Lane report(long now) {
    Lane lane =
        new Lane(
            last,
            corrupt,
            ended,
            produced,
            consumed,
            now - quietSince,
            readerAsks,
            readerAsks ? now - readerAsksSince : 0,
            writerAsks,
            writerAsks ? now - writerAsksSince : 0);
    produced = 0;
    consumed = 0;
    return lane;
  }
}
