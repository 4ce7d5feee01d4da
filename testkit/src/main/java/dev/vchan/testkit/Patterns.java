// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.nio.ByteBuffer;

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
    while (target.hasRemaining()) {
      target.put(byteAt(position));
      position++;
    }
  }

  /**
   * Checks that a buffer holds the next bytes.
   *
   * @param source read up to its limit
   * @throws AssertionError if a byte differs; says which
   */
  public void check(ByteBuffer source) {
    while (source.hasRemaining()) {
      byte found = source.get();
      byte expected = byteAt(position);
      if (found != expected) {
        throw new AssertionError(
            "byte %d of stream %d is %d, must be %d".formatted(position, seed, found, expected));
      }
      position++;
    }
  }

  private byte byteAt(long index) {
    // The mixing function of SplittableRandom: neighbours have nothing in common.
    long z = seed * 0x9E3779B97F4A7C15L + (index >>> 3);
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    z = z ^ (z >>> 31);
    return (byte) (z >>> ((index & 7) * Byte.SIZE));
  }
}
