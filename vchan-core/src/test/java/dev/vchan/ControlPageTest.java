// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.spi.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/** Which bits of the page a step touches, and which it leaves as they are. */
class ControlPageTest {

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final long LEFT_PRODUCER = 4;
  private static final long WORD = 20;

  private final MemorySegment memory = Arena.ofAuto().allocate(Memory.PAGE_SIZE, Memory.PAGE_SIZE);
  private final ControlPage server = ControlPage.ofServer(memory);
  private final ControlPage client = ControlPage.ofClient(memory);

  @Test
  void leavingClearsOwnLiveByteAndOwnBitForHalfCloseAndNothingElse() {
    assertThat(wordAfter(() -> server.leave(true))).isEqualTo("ff7f00ff");
    assertThat(wordAfter(() -> client.leave(true))).isEqualTo("7fffff00");
  }

  @Test
  void leavingWithoutHalfCloseClearsTheLiveByteOnly() {
    assertThat(wordAfter(() -> server.leave(false))).isEqualTo("ffff00ff");
    assertThat(wordAfter(() -> client.leave(false))).isEqualTo("ffffff00");
  }

  private String wordAfter(Runnable step) {
    memory.set(INT, WORD, -1);
    step.run();
    return Integer.toHexString(memory.get(INT, WORD));
  }

  @Test
  void aClientHasComeOnceItAskedOrWrote() {
    assertThat(server.clientNeverCame()).isTrue();
    memory.set(INT, LEFT_PRODUCER, 1);
    assertThat(server.clientNeverCame()).isFalse();
    memory.set(INT, LEFT_PRODUCER, 0);
    memory.set(INT, WORD, 0x01000000);
    assertThat(server.clientNeverCame()).isFalse();
  }
}
