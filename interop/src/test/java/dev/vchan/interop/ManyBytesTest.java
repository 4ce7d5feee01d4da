// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.interop.Traffic.Load;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The indices have 32 bits: both go past their end, both ways at once, and every byte is right. */
class ManyBytesTest {

  private static final int RING = 1 << 20;

  private static final Load BEYOND_THE_INDEX = new Load((1L << 32) + 3 * RING + 12_345, RING);

  private static Figures figures;

  @BeforeAll
  static void prepare() throws IOException {
    Programs.peer();
    figures = new Figures("interop-many-bytes");
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  @Timeout(value = 30, unit = TimeUnit.MINUTES)
  void everyByteIsRightBeyondTheEndOfTheIndices(Role own) throws Exception {
    VchanOptions options =
        VchanOptions.DEFAULTS
            .withSizes(RingSizes.both(RING))
            .withLookPeriod(Duration.ofSeconds(30));
    try (Hub hub = new Hub();
        LocalBackend backend = hub.open();
        CPeer peer = hub.startPeer();
        Vchan channel = Hub.meet(backend, peer, own, options)) {
      long start = System.nanoTime();
      Traffic.POLLED_STREAM.move(channel, peer, 32, BEYOND_THE_INDEX, BEYOND_THE_INDEX);
      double seconds = (System.nanoTime() - start) / 1e9;
      figures.add(
          "many bytes, own side %s: %,d bytes each way at once, all checked, %.1f s"
              .formatted(own, BEYOND_THE_INDEX.bytes(), seconds));
      assertThat(channel.counters().bytesRead()).isGreaterThan(1L << 32);
      assertThat(channel.counters().bytesWritten()).isGreaterThan(1L << 32);
      assertThat(channel.counters().endedByPeriod()).isZero();
    }
  }
}
