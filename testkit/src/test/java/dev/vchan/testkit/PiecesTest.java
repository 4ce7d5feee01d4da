// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.RingSizes;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.testkit.Watchdog.Task;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Long reads and writes move their bytes in pieces of a quarter of the ring and answer once. Nobody
 * looks without an event here.
 */
class PiecesTest {

  private static final int RING = 1 << 16;
  private static final int PIECE = RING / 4;

  private final InProcessHost host = new InProcessHost();
  private Ends ends;

  @BeforeEach
  void connect() throws Exception {
    ends = Ends.open(host, Ends.UNAIDED.withSizes(new RingSizes(RING, RING)));
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    ends.close();
    assertThat(host.leftovers()).isEmpty();
  }

  @Test
  void aPieceCanBeReadWhileTheNextIsCopied() throws Exception {
    byte[] sent = new Patterns(1).next(RING).array();
    ByteBuffer first = ByteBuffer.allocate(RING);
    var second = SeamPoint.before("copyIn").by(Thread.currentThread()).nth(2);
    try (var hook = SeamHooks.on(second, () -> ends.client().tryRead(first))) {
      ends.server().write(ByteBuffer.wrap(sent));
      assertThat(hook.hits()).isEqualTo(1);
    }
    assertThat(first.flip()).isEqualTo(ByteBuffer.wrap(sent, 0, PIECE));
    ByteBuffer rest = ByteBuffer.allocate(RING);
    ends.client().read(rest);
    assertThat(rest.flip()).isEqualTo(ByteBuffer.wrap(sent, PIECE, RING - PIECE).slice());
  }

  @Test
  void spaceCanBeFilledWhileTheNextPieceIsCopiedOut() throws Exception {
    byte[] sent = new Patterns(1).next(RING + PIECE).array();
    ends.server().write(ByteBuffer.wrap(sent, 0, RING));
    ByteBuffer got = ByteBuffer.allocate(RING + PIECE);
    ByteBuffer more = ByteBuffer.wrap(sent, RING, PIECE);
    var second = SeamPoint.before("copyOut").by(Thread.currentThread()).nth(2);
    try (var hook = SeamHooks.on(second, () -> ends.server().tryWrite(more))) {
      ends.client().read(got);
      assertThat(hook.hits()).isEqualTo(1);
    }
    assertThat(more.hasRemaining()).isFalse();
    ends.client().read(got);
    assertThat(got.array()).isEqualTo(sent);
  }

  @Test
  void manyPiecesSendOneEvent() throws Exception {
    ends.server().write(ByteBuffer.allocate(RING));
    assertThat(ends.server().counters().eventsSent()).isEqualTo(1);
  }

  @Test
  void aWriteWhoseSourceFailsAfterAPieceWakesTheReaderForIt() throws Exception {
    ByteBuffer target = ByteBuffer.allocate(RING);
    Task<Integer> reading = Watchdog.start("read", () -> ends.client().read(target));
    reading.untilAsleep();
    ByteBuffer source = ByteBuffer.allocate(RING);
    var second = SeamPoint.before("copyIn").by(Thread.currentThread()).nth(2);
    try (var hook = SeamHooks.on(second, PiecesTest::fail)) {
      assertThatThrownBy(() -> ends.server().write(source)).isInstanceOf(AssertionError.class);
      assertThat(hook.hits()).isEqualTo(1);
    }
    assertThat(reading.get()).isEqualTo(PIECE);
    assertThat(source.position()).isEqualTo(PIECE);
  }

  @Test
  void aReadWhoseTargetFailsAfterAPieceWakesTheWriterForItsSpace() throws Exception {
    ends.server().write(ByteBuffer.allocate(RING));
    Task<Integer> writing =
        Watchdog.start("write", () -> ends.server().write(ByteBuffer.allocate(PIECE)));
    writing.untilAsleep();
    ByteBuffer target = ByteBuffer.allocate(RING);
    var second = SeamPoint.before("copyOut").by(Thread.currentThread()).nth(2);
    try (var hook = SeamHooks.on(second, PiecesTest::fail)) {
      assertThatThrownBy(() -> ends.client().read(target)).isInstanceOf(AssertionError.class);
      assertThat(hook.hits()).isEqualTo(1);
    }
    assertThat(writing.get()).isEqualTo(PIECE);
    assertThat(target.position()).isEqualTo(PIECE);
  }

  private static void fail() {
    throw new IllegalStateException("the buffer's memory was given back");
  }
}
