// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The shared page by the offsets of Xen's public header {@code io/libxenvchan.h} ({@code struct
 * vchan_interface}, lines 36-83), written down a second time on purpose: a test that took its
 * offsets from the code under test would agree with whatever that code does.
 *
 * <p>Every access is volatile, of the width its name says, at any offset that is aligned to it. May
 * be used from any thread.
 *
 * @param memory the page
 */
public record InterfacePage(MemorySegment memory) {

  /** Bytes the server has consumed from the left ring, u32. */
  public static final int LEFT_CONS = 0;

  /** Bytes the client has produced into the left ring, u32. */
  public static final int LEFT_PROD = 4;

  /** Bytes the client has consumed from the right ring, u32. */
  public static final int RIGHT_CONS = 8;

  /** Bytes the server has produced into the right ring, u32. */
  public static final int RIGHT_PROD = 12;

  /** Base-2 logarithm of the left ring's size, u16. */
  public static final int LEFT_ORDER = 16;

  /** Base-2 logarithm of the right ring's size, u16. */
  public static final int RIGHT_ORDER = 18;

  /** Whether the client is there, u8: 0 gone, 1 here, 2 awaited. */
  public static final int CLI_LIVE = 20;

  /** Whether the server is there, u8: 0 gone, 1 here. */
  public static final int SRV_LIVE = 21;

  /** What the server asks the client for, u8. */
  public static final int CLI_NOTIFY = 22;

  /** What the client asks the server for, u8. */
  public static final int SRV_NOTIFY = 23;

  /** Grant references of the rings, u32 each. */
  public static final int GRANTS = 24;

  /** {@code VCHAN_NOTIFY_WRITE}. */
  public static final int NOTIFY_WRITE = 1;

  /** {@code VCHAN_NOTIFY_READ}. */
  public static final int NOTIFY_READ = 2;

  private static final VarHandle INT =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
  private static final VarHandle SHORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
  private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();

  /**
   * Loads 4 bytes.
   *
   * @param offset where
   * @return the u32, as an int
   */
  public int load32(int offset) {
    return (int) INT.getVolatile(memory, (long) offset);
  }

  /**
   * Stores 4 bytes.
   *
   * @param offset where
   * @param value the u32, as an int
   */
  public void store32(int offset, int value) {
    INT.setVolatile(memory, (long) offset, value);
  }

  /**
   * Loads 2 bytes.
   *
   * @param offset where
   * @return the u16
   */
  public int load16(int offset) {
    return Short.toUnsignedInt((short) SHORT.getVolatile(memory, (long) offset));
  }

  /**
   * Stores 2 bytes.
   *
   * @param offset where
   * @param value the u16
   */
  public void store16(int offset, int value) {
    SHORT.setVolatile(memory, (long) offset, (short) value);
  }

  /**
   * Loads 1 byte.
   *
   * @param offset where
   * @return the u8
   */
  public int load8(int offset) {
    return Byte.toUnsignedInt((byte) BYTE.getVolatile(memory, (long) offset));
  }

  /**
   * Stores 1 byte.
   *
   * @param offset where
   * @param value the u8
   */
  public void store8(int offset, int value) {
    BYTE.setVolatile(memory, (long) offset, (byte) value);
  }

  /**
   * Clears and sets bits of 1 byte at once, as a C peer does with {@code __sync_fetch_and_or}.
   *
   * @param offset where
   * @param clear bits to clear
   * @param set bits to set
   * @return the u8 as it was before
   */
  public int update8(int offset, int clear, int set) {
    // There is no atomic update of a byte in a segment; of the word around it there is.
    long word = offset & ~(Integer.BYTES - 1);
    int shift = (offset - (int) word) * Byte.SIZE;
    for (; ; ) {
      int before = (int) INT.getVolatile(memory, word);
      int after = (before & ~(clear << shift)) | (set << shift);
      if (INT.compareAndSet(memory, word, before, after)) {
        return (before >>> shift) & 0xFF;
      }
    }
  }
}
