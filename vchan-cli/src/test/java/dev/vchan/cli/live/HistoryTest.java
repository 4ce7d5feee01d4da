// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import static dev.vchan.cli.live.Samples.CAPACITY;
import static dev.vchan.cli.live.Samples.HERE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.PageSnapshot.Ring;
import dev.vchan.PageSnapshot.Side;
import org.junit.jupiter.api.Test;

/** What is remembered from look to look. */
class HistoryTest {

  private static final Side ASKING = new Side(Side.HERE, true, true, false, true);

  private final LaneHistory history = new LaneHistory(new Ring(-50, -50, CAPACITY), 1000);

  private void add(int producer, int consumer, Side writer, Side reader, long now) {
    history.add(new Ring(producer, consumer, CAPACITY), true, writer, reader, now);
  }

  @Test
  void bytesAreCountedAcrossTheWrapOfAnIndexAndOnceForEachReport() {
    add(50, 0, HERE, HERE, 2000);
    add(70, 70, HERE, HERE, 3000);
    Lane lane = history.report(3500);
    assertThat(lane.produced()).isEqualTo(120);
    assertThat(lane.consumed()).isEqualTo(120);
    assertThat(lane.quietNanos()).isEqualTo(500);
    assertThat(history.report(4000).moved()).isFalse();
    assertThat(history.report(4000).quietNanos()).isEqualTo(1000);
  }

  @Test
  void aRequestThatWasTakenBackInBetweenCountsFromThen() {
    add(-50, -50, ASKING, ASKING, 2000);
    add(-50, -50, ASKING, HERE, 3000);
    add(-50, -50, ASKING, ASKING, 4000);
    Lane lane = history.report(5000);
    assertThat(lane.writerAskedNanos()).isEqualTo(3000);
    assertThat(lane.readerAskedNanos()).isEqualTo(1000);
    assertThat(lane.quietNanos()).isEqualTo(4000);
    assertThat(lane.readerWaitNanos()).isEqualTo(1000);
  }

  @Test
  void indicesThatDoNotFitAreCorruptOnlyIfTheyWereNotReadInTheMiddleOfAMove() {
    history.add(new Ring(5000, 0, CAPACITY), false, HERE, HERE, 2000);
    assertThat(history.report(2000).corrupt()).isFalse();
    history.add(new Ring(5000, 4500, CAPACITY), false, HERE, HERE, 3000);
    assertThat(history.report(3000).corrupt()).isFalse();
    history.add(new Ring(9000, 4500, CAPACITY), true, HERE, HERE, 4000);
    assertThat(history.report(4000).corrupt()).isTrue();
    // One that never rests cannot hide.
    history.add(new Ring(9999, 4500, CAPACITY), false, HERE, HERE, 5000);
    Lane lane = history.report(5000);
    assertThat(lane.corrupt()).isTrue();
    assertThat(lane.moved()).isFalse();
  }
}
