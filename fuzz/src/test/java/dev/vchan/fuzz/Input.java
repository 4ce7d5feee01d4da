// SPDX-License-Identifier: Apache-2.0
package dev.vchan.fuzz;

import java.util.Arrays;

/**
 * An input as a sequence of small decisions. What is asked for after its end is zero, so that every
 * array of bytes is an input, and a change of one byte changes one decision.
 */
public final class Input {

  /** Few, so that the input has more to say after them. */
  private static final int MOST = 63;

  private final byte[] bytes;
  private int next;

  /**
   * Begins at the first byte.
   *
   * @param bytes the input
   */
  public Input(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Whether there is anything left.
   *
   * @return false at the end
   */
  public boolean more() {
    return next < bytes.length;
  }

  /**
   * The next byte.
   *
   * @return 0 to 255
   */
  public int u8() {
    return more() ? Byte.toUnsignedInt(bytes[next++]) : 0;
  }

  /**
   * The next decision between a number of things.
   *
   * @param count how many there are, at most 256
   * @return 0 to {@code count - 1}
   */
  public int choice(int count) {
    return u8() % count;
  }

  /**
   * One of several things.
   *
   * @param <T> what they are
   * @param things to choose from
   * @return one of them
   */
  @SafeVarargs
  public final <T> T one(T... things) {
    return things[choice(things.length)];
  }

  /**
   * The next two bytes.
   *
   * @return 0 to 65,535
   */
  public int u16() {
    return u8() | u8() << Byte.SIZE;
  }

  /**
   * The next four bytes.
   *
   * @return any number
   */
  public int i32() {
    return u16() | u16() << Short.SIZE;
  }

  /**
   * The next eight bytes.
   *
   * @return any number
   */
  public long i64() {
    return Integer.toUnsignedLong(i32()) | (long) i32() << Integer.SIZE;
  }

  /**
   * Some bytes, as many as the next byte says and the input has.
   *
   * @return the bytes, at most 63
   */
  public byte[] some() {
    int count = choice(MOST + 1);
    int end = Math.min(next + count, bytes.length);
    byte[] some = Arrays.copyOfRange(bytes, next, end);
    next = end;
    return some;
  }
}
