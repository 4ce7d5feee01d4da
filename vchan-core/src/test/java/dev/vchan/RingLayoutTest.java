// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which pairs of orders there are, where their rings lie, and which pair a size leads to. */
class RingLayoutTest {

  @Test
  void fourOfThe121PairsAreIllegal() {
    int legal = 0;
    for (int left = 10; left <= 20; left++) {
      for (int right = 10; right <= 20; right++) {
        boolean illegal =
            (left == right && left < 12)
                || (left == 10 && right == 20)
                || (left == 20 && right == 10);
        assertThat(new RingLayout(left, right).illegality(false).isPresent())
            .as("(%d,%d)", left, right)
            .isEqualTo(illegal);
        legal += illegal ? 0 : 1;
      }
    }
    assertThat(legal).isEqualTo(117);
  }

  @Test
  void overlappingGrantListsAreLegalOnRequestAndNothingElse() {
    assertThat(new RingLayout(10, 20).illegality(true)).isEmpty();
    assertThat(new RingLayout(20, 10).illegality(true)).isEmpty();
    assertThat(new RingLayout(10, 10).illegality(true)).isPresent();
    assertThat(new RingLayout(11, 11).illegality(true)).isPresent();
  }

  @Test
  void ordersOutOfRangeAreIllegalAndNamed() {
    for (int order : new int[] {0, 1, 9, 21, 32, 63, 64, 0xFFFF}) {
      for (boolean overlapAllowed : new boolean[] {true, false}) {
        Optional<String> left = new RingLayout(order, 12).illegality(overlapAllowed);
        Optional<String> right = new RingLayout(12, order).illegality(overlapAllowed);
        assertThat(left).get().asString().contains("" + order, "10 to 20");
        assertThat(right).get().asString().contains("" + order, "10 to 20");
      }
    }
  }

  @Test
  void smallRingsLieInThePageAndLargeOnesInPagesOfTheirOwn() {
    assertThat(RingLayout.placeInPage(10)).isEqualTo(1024);
    assertThat(RingLayout.placeInPage(11)).isEqualTo(2048);
    assertThat(RingLayout.placeInPage(12)).isEqualTo(4096);
    assertThat(new RingLayout(10, 11).leftPages()).isZero();
    assertThat(new RingLayout(10, 11).rightPages()).isZero();
    assertThat(new RingLayout(12, 13).leftPages()).isEqualTo(1);
    assertThat(new RingLayout(12, 13).rightPages()).isEqualTo(2);
    assertThat(new RingLayout(20, 20).leftPages()).isEqualTo(256);
  }

  @Test
  void chosenRingsAreLegalAndNeverSmallerThanAsked() {
    int[] sizes = new int[40];
    int count = 0;
    sizes[count++] = 0;
    for (int order = 9; order <= 20; order++) {
      sizes[count++] = (1 << order) - 1;
      sizes[count++] = 1 << order;
      if (order < 20) {
        sizes[count++] = (1 << order) + 1;
      }
    }
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < count; j++) {
        RingLayout chosen = RingLayout.choose(new RingSizes(sizes[i], sizes[j]));
        assertThat(chosen.illegality(false)).isEmpty();
        assertThat(1 << chosen.leftOrder()).isGreaterThanOrEqualTo(sizes[i]);
        assertThat(1 << chosen.rightOrder()).isGreaterThanOrEqualTo(sizes[j]);
      }
    }
  }

  @Test
  void choicesAreThoseOfLibxenvchan() {
    assertThat(choose(1024, 1024)).isEqualTo(new RingLayout(10, 11));
    assertThat(choose(1024, 2048)).isEqualTo(new RingLayout(10, 11));
    assertThat(choose(2048, 1024)).isEqualTo(new RingLayout(11, 10));
    assertThat(choose(2048, 2048)).isEqualTo(new RingLayout(11, 12));
    assertThat(choose(1024, 4096)).isEqualTo(new RingLayout(11, 12));
    assertThat(choose(4096, 1024)).isEqualTo(new RingLayout(12, 11));
    assertThat(choose(4096, 2048)).isEqualTo(new RingLayout(12, 11));
    assertThat(choose(4097, 5000)).isEqualTo(new RingLayout(13, 13));
    assertThat(choose(0, 1 << 20)).isEqualTo(new RingLayout(11, 20));
    assertThat(choose(1 << 20, 1 << 20)).isEqualTo(new RingLayout(20, 20));
  }

  private static RingLayout choose(int readBytes, int writeBytes) {
    return RingLayout.choose(new RingSizes(readBytes, writeBytes));
  }
}
