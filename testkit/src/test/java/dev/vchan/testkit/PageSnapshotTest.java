// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.PageSnapshot;
import dev.vchan.PageSnapshot.Ring;
import dev.vchan.PageSnapshot.Side;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What an observer reads out of a page, which is written here by Xen's header. */
class PageSnapshotTest {

  private final InterfacePage page = new InterfacePage(Arena.ofAuto().allocate(4096, 4096));

  private PageSnapshot snapshot() {
    return PageSnapshot.of(page.memory().asByteBuffer());
  }

  @Test
  void everyFieldIsFoundWhereXensHeaderHasIt() {
    page.store32(InterfacePage.LEFT_CONS, 0xFFFF_FFF0);
    page.store32(InterfacePage.LEFT_PROD, 16);
    page.store32(InterfacePage.RIGHT_CONS, 300);
    page.store32(InterfacePage.RIGHT_PROD, 1324);
    page.store16(InterfacePage.LEFT_ORDER, 11);
    page.store16(InterfacePage.RIGHT_ORDER, 10);
    page.store8(InterfacePage.CLI_LIVE, 2);
    page.store8(InterfacePage.SRV_LIVE, 1);
    // The server asks in the client's byte, and the client in the server's.
    page.store8(InterfacePage.CLI_NOTIFY, InterfacePage.NOTIFY_WRITE | 0x80);
    page.store8(InterfacePage.SRV_NOTIFY, InterfacePage.NOTIFY_READ | 0x40);
    PageSnapshot found = snapshot();
    assertThat(found.server()).isEqualTo(new Side(1, true, false, false, true));
    assertThat(found.client()).isEqualTo(new Side(2, false, true, true, false));
    assertThat(found.toServer()).isEqualTo(new Ring(16, 0xFFFF_FFF0, 2048));
    assertThat(found.toServer().distance()).isEqualTo(32);
    assertThat(found.toClient()).isEqualTo(new Ring(1324, 300, 1024));
    assertThat(found.toClient().isPossible()).isTrue();
    assertThat(found.illegality()).isEmpty();
    page.store32(InterfacePage.RIGHT_PROD, 1325);
    assertThat(snapshot().toClient().isPossible()).isFalse();
  }

  @Test
  void whateverIsInThePageThereIsASnapshotOfIt() {
    long seed = Long.getLong("vchan.seed", System.nanoTime());
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    byte[] garbage = new byte[PageSnapshot.BYTES];
    for (int i = 0; i < 10_000; i++) {
      random.nextBytes(garbage);
      PageSnapshot found = PageSnapshot.of(ByteBuffer.wrap(garbage));
      // Each field of a page has a place here, so that nothing else decides.
      assertThat(found.toServer().distance()).isBetween(0L, 0xFFFF_FFFFL);
      assertThat(found.client().live()).isEqualTo(Byte.toUnsignedInt(garbage[20]));
      assertThat(found.illegality().isEmpty() || found.illegality().get().contains("order"))
          .isTrue();
    }
  }

  @Test
  void illegalOrdersAreSaidAndHaveNoCapacity() {
    page.store16(InterfacePage.LEFT_ORDER, 0xFFFF);
    page.store16(InterfacePage.RIGHT_ORDER, 20);
    PageSnapshot found = snapshot();
    assertThat(found.toServer().capacity()).isZero();
    assertThat(found.toClient().capacity()).isEqualTo(1 << 20);
    assertThat(found.illegality()).get().asString().contains("65535");
  }

  @Test
  void thePositionOfTheCopyCountsAndStays() {
    ByteBuffer copy = ByteBuffer.allocate(PageSnapshot.BYTES + 1).position(1);
    copy.put(1 + InterfacePage.SRV_LIVE, (byte) 1);
    assertThat(PageSnapshot.of(copy).server().live()).isEqualTo(Side.HERE);
    assertThat(copy.position()).isEqualTo(1);
    assertThatThrownBy(() -> PageSnapshot.of(copy.position(2)))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }
}
