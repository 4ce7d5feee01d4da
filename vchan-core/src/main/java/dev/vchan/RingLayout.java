// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static dev.vchan.spi.Memory.PAGE_SIZE;

import java.util.Optional;

/**
 * Where a pair of rings lies, from the two orders in the control page (io/libxenvchan.h, lines
 * 53-60).
 *
 * <pre>
 *  order   ring                    order   ring
 *   10     bytes 1024-2047 of       12     1 page of its own
 *          the control page         ...    2^(order-12) pages of its own
 *   11     bytes 2048-4095 of       20     256 pages of its own
 *          the control page
 * </pre>
 *
 * <p>Left is written by the client and read by the server, right the other way round. Of the 121
 * pairs of orders 117 are legal: two rings cannot share a place in the page, and the list of
 * grants, which begins at byte 24, must end before the first ring in the page.
 *
 * @param leftOrder base-2 logarithm of the left ring's capacity in bytes, 10 to 20
 * @param rightOrder the same of the right ring
 */
record RingLayout(int leftOrder, int rightOrder) {

  static final int MIN_ORDER = 10;
  static final int MAX_ORDER = 20;

  /** First order whose ring has pages of its own, {@code LARGE_RING_SHIFT} in init.c. */
  static final int PAGE_ORDER = 12;

  private static final int SMALL_ORDER = 10;
  private static final int LARGE_ORDER = 11;

  /** Chooses as libxenvchan does (init.c, lines 335 and 347-361): never less than asked. */
  static RingLayout choose(RingSizes sizes) {
    int left = sizes.readBytes();
    int right = sizes.writeBytes();
    int small = 1 << SMALL_ORDER;
    int large = 1 << LARGE_ORDER;
    if (left <= small && right <= large) {
      return new RingLayout(SMALL_ORDER, LARGE_ORDER);
    }
    if (left <= large && right <= small) {
      return new RingLayout(LARGE_ORDER, SMALL_ORDER);
    }
    if (left <= large) {
      return new RingLayout(LARGE_ORDER, pageOrder(right));
    }
    if (right <= large) {
      return new RingLayout(pageOrder(left), LARGE_ORDER);
    }
    return new RingLayout(pageOrder(left), pageOrder(right));
  }

  private static int pageOrder(int bytes) {
    int order = PAGE_ORDER;
    while (1 << order < bytes) {
      order++;
    }
    return order;
  }

  /**
   * What is wrong with this pair, for a client that found it in a page.
   *
   * @param overlapAllowed accept a grant list that runs into a ring in the page, as ocaml-vchan
   *     servers publish it for (10,20) and (20,10): the client copies the list before any data
   *     flows
   */
  Optional<String> illegality(boolean overlapAllowed) {
    if (outOfRange(leftOrder) || outOfRange(rightOrder)) {
      return Optional.of(
          "ring orders %d and %d, each must be %d to %d"
              .formatted(leftOrder, rightOrder, MIN_ORDER, MAX_ORDER));
    }
    if (leftOrder == rightOrder && leftOrder < PAGE_ORDER) {
      return Optional.of("ring orders are both %d: the rings would overlap".formatted(leftOrder));
    }
    int listEnd = ControlPage.GRANTS + Integer.BYTES * (leftPages() + rightPages());
    int limit = Math.min(placeInPage(leftOrder), placeInPage(rightOrder));
    if (listEnd > limit && !overlapAllowed) {
      return Optional.of(
          "ring orders %d and %d: the grant list ends at byte %d, inside the ring at byte %d"
              .formatted(leftOrder, rightOrder, listEnd, limit));
    }
    return Optional.empty();
  }

  static boolean outOfRange(int order) {
    return order < MIN_ORDER || order > MAX_ORDER;
  }

  int leftPages() {
    return pages(leftOrder);
  }

  int rightPages() {
    return pages(rightOrder);
  }

  private static int pages(int order) {
    return order < PAGE_ORDER ? 0 : 1 << (order - PAGE_ORDER);
  }

  /** First byte of the ring within the control page, or the page's end if it is not in the page. */
  static int placeInPage(int order) {
    return order < PAGE_ORDER ? 1 << order : PAGE_SIZE;
  }
}
