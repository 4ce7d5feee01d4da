// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static dev.vchan.spi.Memory.PAGE_SIZE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What a shared page says at one moment, to an observer who is neither side. Both sides may have
 * written anything: nothing here is checked but what {@link #illegality} and {@link
 * Ring#isPossible} say.
 *
 * @param server what the server says of itself, and asks the client for
 * @param client what the client says of itself, and asks the server for
 * @param toServer the ring that the client writes
 * @param toClient the ring that the server writes
 * @param illegality what is wrong with the sizes of the rings, if anything; no endpoint uses such a
 *     page
 */
public record PageSnapshot(
    Side server, Side client, Ring toServer, Ring toClient, Optional<String> illegality) {

  /** How many bytes of a page, from its beginning, an observer needs. */
  public static final int BYTES = ControlPage.GRANTS;

  /**
   * Takes a copy of the beginning of a page apart.
   *
   * @param copy at least {@link #BYTES} bytes from its position on, which stays where it is
   * @return what they say
   * @throws IndexOutOfBoundsException if there are fewer bytes
   */
  public static PageSnapshot of(ByteBuffer copy) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment page = arena.allocate(PAGE_SIZE, PAGE_SIZE);
      page.asByteBuffer().put(0, copy, copy.position(), BYTES);
      return ControlPage.snapshot(page);
    }
  }

  /**
   * What one side says.
   *
   * @param live its live byte, 0 to 255: {@link #GONE}, {@link #HERE}, of a client also {@link
   *     #AWAITED}
   * @param asksForBytes whether it has asked for an event when the other side has written
   * @param asksForSpace whether it has asked for an event when the other side has read
   * @param ended whether it has announced its last byte
   * @param knowsHalfClose whether it knows half-close and has not closed; one that is gone and
   *     still says so has died
   */
  public record Side(
      int live, boolean asksForBytes, boolean asksForSpace, boolean ended, boolean knowsHalfClose) {

    /** Closed, or died. */
    public static final int GONE = ControlPage.GONE;

    /** Connected. */
    public static final int HERE = ControlPage.LIVE;

    /** A client that has not come yet. */
    public static final int AWAITED = ControlPage.AWAITED;
  }

  /**
   * The indices of one ring.
   *
   * @param producer how many bytes were written, a free-running unsigned number
   * @param consumer how many bytes were read, the same
   * @param capacity size in bytes; 0 if the page names a size that no ring has
   */
  public record Ring(int producer, int consumer, int capacity) {

    /**
     * Bytes that were written and not read.
     *
     * @return the distance of the indices, 0 to 4,294,967,295
     */
    public long distance() {
      return Integer.toUnsignedLong(producer - consumer);
    }

    /**
     * Whether the indices can be those of a ring.
     *
     * @return false if there would be more bytes in the ring than it has places
     */
    public boolean isPossible() {
      return distance() <= capacity;
    }
  }
}
