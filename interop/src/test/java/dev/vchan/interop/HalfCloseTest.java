// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.interop.Script.Step;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Half-close, which libxenvchan does not know: it is told so, and sees nothing of the attempt. */
class HalfCloseTest {

  /** Where the server asks, and says that it knows half-close. */
  private static final int CLIENT_NOTIFY = 22;

  private static final int KNOWS_HALF_CLOSE = 0x80;
  private static final int HAS_ENDED = 0x40;

  private static final VchanOptions OPTIONS = VchanOptions.DEFAULTS.withSizes(RingSizes.both(1));

  @BeforeAll
  static void compile() throws IOException {
    Programs.peer();
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void shuttingTheOutputSaysThatThePeerCannotTakeIt(Role own) throws Exception {
    try (Hub hub = new Hub();
        LocalBackend backend = hub.open();
        CPeer peer = hub.startPeer();
        Vchan channel = Hub.meet(backend, peer, own, OPTIONS)) {
      assertThat(channel.supportsHalfClose()).isFalse();
      peer.ask("streams 2 1");
      new JavaEnd(channel, 1, 2, 100, 100).write(700);
      peer.tell("end");
      channel.drain(Hub.soon());
      assertThat(channel.shutdownOutput()).as("half of it is still open").isFalse();
      assertThat(channel.isOpen()).isFalse();
      assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1)))
          .isInstanceOf(ClosedChannelException.class);
      assertThat(peer.answered()).as("bytes, and whether it is open").containsExactly(700, 0);
    }
  }

  /** The same program on a page with our bits and on one without: step by step the same. */
  @ParameterizedTest
  @EnumSource(Role.class)
  void theSameProgramDoesTheSameWithAndWithoutOurBits(Role own) throws Exception {
    List<Step> with = HubScript.withOurs(own, OPTIONS);
    List<Step> without = HubScript.withOurs(own, OPTIONS.classic());
    assertThat(with).hasSameSizeAs(without).hasSizeGreaterThan(100);
    for (int i = 0; i < with.size(); i++) {
      assertAlike(with.get(i), without.get(i), own);
    }
  }

  private static void assertAlike(Step with, Step without, Role own) {
    assertThat(with.answer()).as(with.name()).isEqualTo(without.answer());
    assertThat(with.cost()).as(with.name()).isEqualTo(without.cost());
    // A server offers it; a client finds that the server does not know it, and leaves it alone.
    int extra = own == Role.SERVER ? KNOWS_HALF_CLOSE : 0;
    for (int i = 0; i < with.header().size(); i++) {
      int difference = i == CLIENT_NOTIFY ? extra : 0;
      assertThat(with.header().get(i) & 0xFF)
          .as("%s, byte %d", with.name(), i)
          .isEqualTo(without.header().get(i) & 0xFF ^ difference);
    }
    assertThat(with.asked() & HAS_ENDED).isZero();
    assertThat(without.asked() & (HAS_ENDED | KNOWS_HALF_CLOSE)).isZero();
  }
}
