// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One access of the endpoint to shared memory or time.
 *
 * @param before whether it is about to be made, or has just been made
 * @param method the seam's method: {@code intAcquire}, {@code setIntRelease}, {@code fullFence},
 *     {@code copyIn}, {@code park} and so on
 * @param target the memory, the blocker or the thread it is about, if any
 * @param offset offset within {@code target}, or nanoseconds
 * @param value the value to be stored, the number of bytes, or afterwards the result
 * @param thread who makes it
 */
public record SeamAccess(
    boolean before,
    String method,
    @Nullable Object target,
    long offset,
    long value,
    Thread thread) {

  /**
   * Whether this access is to certain memory, by its address. Note that in process both sides of a
   * channel have the same.
   *
   * @param memory some memory
   * @return whether the first byte accessed lies in it
   */
  public boolean touches(MemorySegment memory) {
    MemorySegment mine;
    switch (target) {
      case MemorySegment segment -> mine = segment;
      // From byte zero, whatever the buffer's position is.
      case ByteBuffer buffer -> mine = MemorySegment.ofBuffer(buffer.duplicate().clear());
      case null, default -> {
        return false;
      }
    }
    long address = mine.address() + offset;
    return mine.isNative() == memory.isNative()
        && address >= memory.address()
        && address < memory.address() + memory.byteSize();
  }

  /**
   * As it stands in a trace.
   *
   * @return {@code method offset = value}
   */
  @Override
  public String toString() {
    return target instanceof MemorySegment || target instanceof ByteBuffer
        ? method + " " + offset + " = " + value
        : method;
  }
}
