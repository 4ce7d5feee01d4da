// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The only code that touches shared memory: one method for each kind of access, so that a test can
 * rewrite this class and be present at every one. Callers say why they chose the mode.
 *
 * <p>The memory model of the language does not cover memory that another process writes; what these
 * modes mean there is argued in {@code docs/adr/0003-memory-order.md}.
 */
final class SharedAccess {

  private static final VarHandle INT =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
  private static final VarHandle SHORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
  private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();

  private SharedAccess() {}

  static int intAcquire(MemorySegment page, long offset) {
    return (int) INT.getAcquire(page, offset);
  }

  static short shortPlain(MemorySegment page, long offset) {
    return (short) SHORT.get(page, offset);
  }

  static byte byteAcquire(MemorySegment page, long offset) {
    return (byte) BYTE.getAcquire(page, offset);
  }

  static void setIntPlain(MemorySegment page, long offset, int value) {
    INT.set(page, offset, value);
  }

  static void setIntRelease(MemorySegment page, long offset, int value) {
    INT.setRelease(page, offset, value);
  }

  static void setShortPlain(MemorySegment page, long offset, short value) {
    SHORT.set(page, offset, value);
  }

  /**
   * A plain store behind a fence. While code is interpreted, the JDK makes an exchange instruction
   * of a {@code setRelease} of a byte, and where the file under the page has been truncated,
   * HotSpot on x86-64 does not know how to step over that one: it ends the process, where at a
   * plain store it throws an {@link InternalError}. Seen with 25.0.3; the same holds for shorts.
   */
  static void setByteRelease(MemorySegment page, long offset, byte value) {
    VarHandle.releaseFence();
    BYTE.set(page, offset, value);
  }

  /**
   * The caller has just read the word. That matters where the file under the page has been
   * truncated: the read throws an {@link InternalError}, while HotSpot does not survive a compare
   * and set of missing memory in code that is still interpreted.
   */
  static boolean compareAndSetInt(MemorySegment page, long offset, int expected, int value) {
    return INT.compareAndSet(page, offset, expected, value);
  }

  static void fullFence() {
    VarHandle.fullFence();
  }

  /**
   * Keeps the compiler from moving any access across, which is more than the documentation of this
   * fence says: HotSpot's compilers move none across a fence of any kind. The processor may let a
   * later load overtake an earlier store all the same; on x86-64 this is no instruction.
   */
  static void compilerFence() {
    VarHandle.releaseFence();
  }

  /** A plain store of no meaning, into space that nobody but the caller uses. */
  static void claim(ByteBuffer ring, int offset) {
    ring.put(offset, (byte) 0);
  }

  static void copyIn(ByteBuffer source, int position, ByteBuffer ring, int offset, int bytes) {
    ring.put(offset, source, position, bytes);
  }

  /** The number of bytes comes last, as in the other copies: whoever watches looks for it there. */
  static void bulkCopyIn(
      ByteBuffer source,
      int position,
      MemorySegment ring,
      int offset,
      BulkCopy bulkCopy,
      int bytes) {
    bulkCopy.copy(source, position, ring, offset, bytes);
  }

  static void copyOut(ByteBuffer ring, int offset, ByteBuffer target, int position, int bytes) {
    target.put(position, ring, offset, bytes);
  }
}
