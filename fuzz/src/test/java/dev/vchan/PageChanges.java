// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.vchan.fuzz.Input;
import dev.vchan.testkit.HostilePeer;
import dev.vchan.testkit.InterfacePage;
import java.nio.ByteBuffer;

/**
 * What the peer stores in the page: at once, or within a call, just before one of its accesses to
 * shared memory.
 */
final class PageChanges {

  private static final int MOST_ACCESSES = 16;

  private final HostilePeer peer;

  /** Outlives the peer's mapping of it. */
  private final InterfacePage page;

  private byte[] expected = {};
  private Change planned = new Change(0, 0, 0);
  private int accessesLeft;
  private boolean happened;

  PageChanges(HostilePeer peer) {
    this.peer = peer;
    this.page = peer.page();
  }

  /** A store of one, two or four bytes. */
  private record Change(int width, int offset, int value) {

    static Change of(Input input, HostilePeer peer) {
      int offset =
          switch (input.choice(8)) {
            case 0, 1 -> peer.ownProd();
            case 2, 3 -> peer.ownCons();
            case 4 -> Integer.BYTES * input.choice(4);
            case 5 -> peer.ownLive();
            case 6 -> InterfacePage.LEFT_ORDER + input.choice(8);
            default -> input.u16() % (int) peer.page().memory().byteSize();
          };
      if (offset < InterfacePage.LEFT_ORDER && offset % Integer.BYTES == 0) {
        return new Change(Integer.BYTES, offset, index(input, peer.page(), offset));
      }
      return new Change(1, offset, input.u8());
    }

    /** Any index, or one that is near one there is. */
    private static int index(Input input, InterfacePage page, int offset) {
      return switch (input.choice(4)) {
        case 0 -> input.i32();
        case 1 -> page.load32(offset ^ Integer.BYTES) + (short) input.u16();
        default -> page.load32(offset) + input.u16();
      };
    }
  }

  /** Changes the page now. */
  void now(Input input) {
    store(Change.of(input, peer));
  }

  /** Changes the page within the next call that gets so far. */
  void within(Input input) {
    accessesLeft = 1 + input.choice(MOST_ACCESSES);
    planned = Change.of(input, peer);
  }

  private void store(Change change) {
    if (change.width == Integer.BYTES) {
      page.store32(change.offset, change.value);
    } else {
      page.store8(change.offset, change.value);
    }
  }

  /** A call begins; {@code copy} is the page as it is, to be kept up to date with the changes. */
  void begin(byte[] copy) {
    expected = copy;
    happened = false;
  }

  void end() {
    expected = new byte[0];
  }

  /** The side under attack is about to access shared memory. */
  void beforeAccess() {
    if (accessesLeft > 0 && --accessesLeft == 0) {
      happened = true;
      store(planned);
      int end = planned.offset + planned.width;
      if (end <= expected.length) {
        ByteBuffer.wrap(expected)
            .put(
                planned.offset,
                page.memory().asSlice(planned.offset, planned.width).toArray(JAVA_BYTE));
      }
    }
  }

  /** Whether the page was changed within this call, or within the last one. */
  boolean happened() {
    return happened;
  }
}
