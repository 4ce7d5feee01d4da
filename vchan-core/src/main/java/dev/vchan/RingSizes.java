// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/**
 * The least a server wants of its two rings. The rings chosen are never smaller, and a client takes
 * whatever the server chose.
 *
 * @param readBytes bytes the server can have waiting for it to read, 0 to 1,048,576; 0 means the
 *     smallest ring there is
 * @param writeBytes bytes the server can write before the client has read any, in the same range
 */
public record RingSizes(int readBytes, int writeBytes) {

  /** Largest ring: 2^20 bytes, {@code MAX_RING_SIZE} in tools/libs/vchan/init.c. */
  public static final int MAX_BYTES = 1 << 20;

  /**
   * Checks the range, which is libxenvchan's.
   *
   * @throws IllegalArgumentException if a size is negative or over 1,048,576
   */
  public RingSizes {
    check("read", readBytes);
    check("write", writeBytes);
  }

  /**
   * Both rings alike.
   *
   * @param bytes 0 to 1,048,576
   * @return sizes with {@code bytes} in each direction
   * @throws IllegalArgumentException if {@code bytes} is out of range
   */
  public static RingSizes both(int bytes) {
    return new RingSizes(bytes, bytes);
  }

  private static void check(String which, int bytes) {
    if (bytes < 0 || bytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          which + " ring size out of range: " + bytes + " bytes, must be 0 to " + MAX_BYTES);
    }
  }
}
