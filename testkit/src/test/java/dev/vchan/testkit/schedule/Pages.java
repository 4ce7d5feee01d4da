// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Pages that several processes see. What the endpoint holds is a view: memory of its own that is
 * never touched, whose address says which page is meant and by whom. So an access through a view
 * that was given back, or a store through one for reading only, is found out at once.
 *
 * <p>A location is a page's number times 4096 and the offset in it.
 */
public final class Pages {

  private static final int PAGE = 4096;
  private static final int PAGE_SHIFT = 12;
  private static final int VIEWS = 256;
  private static final int PAGES = 16;

  /** Below it each word of a page is a thing of its own, above it the two small rings are. */
  private static final int SMALL_RING = 1024;

  private static final int LARGE_RING = 2048;

  /** Number of keys that memory has: see {@link #key}. */
  static final int KEYS = PAGES * SMALL_RING;

  private static final MemorySegment AREA = Arena.global().allocate((long) VIEWS * PAGE, PAGE);
  private static final long BASE = AREA.address();

  private final Scheduler scheduler;
  private final byte[] bytes = new byte[PAGES * PAGE];
  private final int[] pageOf = new int[VIEWS];
  private final boolean[] mapped = new boolean[VIEWS];
  private final boolean[] writable = new boolean[VIEWS];
  private int pages;
  private int views;

  Pages(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  void reset() {
    pages = 0;
    views = 0;
  }

  /**
   * Makes a page of zeroes.
   *
   * @return its number
   */
  public int allocate() {
    int page = pages++;
    Arrays.fill(bytes, page * PAGE, (page + 1) * PAGE, (byte) 0);
    return page;
  }

  /**
   * Maps a page.
   *
   * @param page its number
   * @param writing whether it may be written
   * @return a view of it
   */
  public MemorySegment map(int page, boolean writing) {
    int view = views++;
    pageOf[view] = page;
    mapped[view] = true;
    writable[view] = writing;
    return AREA.asSlice((long) view * PAGE, PAGE);
  }

  /**
   * Gives a view back.
   *
   * @param view the view
   */
  public void unmap(MemorySegment view) {
    mapped[(int) ((view.address() - BASE) >>> PAGE_SHIFT)] = false;
  }

  /**
   * What a kernel does when a page is unmapped: everything the process stored has reached memory,
   * and then a byte is cleared.
   *
   * @param page its number
   * @param offset of the byte
   */
  public void clearByte(int page, int offset) {
    scheduler.drainOwn();
    int location = page * PAGE + offset;
    scheduler.access(key(location), true);
    put(location, (byte) 0);
    scheduler.note("the kernel clears %d", offset, 0);
  }

  static boolean isShared(ByteBuffer buffer) {
    return buffer.isDirect();
  }

  int location(MemorySegment segment, long offset, int width, boolean store) {
    if (offset < 0 || offset + width > segment.byteSize()) {
      throw new IndexOutOfBoundsException(
          "bytes %d to %d of %d".formatted(offset, offset + width, segment.byteSize()));
    }
    long place = segment.address() + offset - BASE;
    int view = (int) (place >>> PAGE_SHIFT);
    if (!mapped[view]) {
      scheduler.fail("an access to memory that was given back");
    }
    if (store && !writable[view]) {
      scheduler.fail("a store to memory that is mapped for reading");
    }
    return pageOf[view] * PAGE + (int) (place & (PAGE - 1));
  }

  int location(ByteBuffer buffer, int offset, int width, boolean store) {
    return location(MemorySegment.ofBuffer(buffer.duplicate().clear()), offset, width, store);
  }

  /** What is looked at together: a word, or all of a ring. */
  static int key(int location) {
    int page = location / PAGE;
    int offset = location % PAGE;
    int thing = offset < SMALL_RING ? offset / Integer.BYTES : offset < LARGE_RING ? 256 : 512;
    return page * SMALL_RING + thing;
  }

  byte get(int location) {
    return bytes[location];
  }

  void put(int location, byte value) {
    bytes[location] = value;
  }

  long load(StoreBuffer own, int location, int width) {
    long value = 0;
    for (int i = width - 1; i >= 0; i--) {
      byte one = bytes[location + i];
      if (!own.isEmpty()) {
        one = own.forward(location + i, one);
      }
      value = value << Byte.SIZE | Byte.toUnsignedLong(one);
    }
    return value;
  }
}
