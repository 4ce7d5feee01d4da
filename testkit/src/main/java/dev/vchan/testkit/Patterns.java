// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * An endless stream of bytes that depends on its seed alone, for one side to make and the other to
 * check: a byte that is lost, doubled, moved or changed is found at its position. Not for
 * concurrent use.
 */
public final class Patterns {

  private final long seed;
  private long position;

  /**
   * Starts at the stream's first byte.
   *
   * @param seed which stream
   */
  public Patterns(long seed) {
    this.seed = seed;
  }

  /**
   * How many bytes were made or checked so far.
   *
   * @return the position of the next byte
   */
  public long position() {
    return position;
  }

  /**
   * Makes the next bytes.
   *
   * @param length how many
   * @return a buffer from which to read them
   */
  public ByteBuffer next(int length) {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    fill(bytes);
    return bytes.flip();
  }

  /**
   * Fills a buffer with the next bytes.
   *
   * @param target filled up to its limit
   */
  public void fill(ByteBuffer target) {
    ByteOrder order = target.order();
    target.order(ByteOrder.LITTLE_ENDIAN);
    while (target.hasRemaining()) {
      if (atWord() && target.remaining() >= Long.BYTES) {
        target.putLong(word(position));
        position += Long.BYTES;
      } else {
        target.put(byteAt(position));
        position++;
      }
    }
    target.order(order);
  }

  /**
   * Checks that a buffer holds the next bytes.
   *
   * @param source read up to its limit
   * @throws AssertionError if a byte differs; says which
   */
  public void check(ByteBuffer source) {
    ByteOrder order = source.order();
    source.order(ByteOrder.LITTLE_ENDIAN);
    while (source.hasRemaining()) {
      if (atWord()
          && source.remaining() >= Long.BYTES
          && source.getLong(source.position()) == word(position)) {
        source.position(source.position() + Long.BYTES);
        position += Long.BYTES;
        continue;
      }
      byte found = source.get();
      byte expected = byteAt(position);
      if (found != expected) {
        throw new AssertionError(
            "byte %d of stream %d is %d, must be %d".formatted(position, seed, found, expected));
      }
      position++;
    }
    source.order(order);
  }

  private boolean atWord() {
    return position % Long.BYTES == 0;
  }

  private byte byteAt(long index) {
    return (byte) (word(index) >>> ((index & 7) * Byte.SIZE));
  }

  /** The eight bytes around a place, the first of them lowest. */
  private long word(long index) {
    return mixed(seed, index >>> 3);
  }

  /**
   * The number at a place of the sequence that a seed begins: the mixing function of {@link
   * java.util.SplittableRandom}, by which neighbours have nothing in common.
   *
   * @param seed which sequence
   * @param place which number of it
   * @return any number
   */
  public static long mixed(long seed, long place) {
    long z = seed * 0x9E3779B97F4A7C15L + place;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
