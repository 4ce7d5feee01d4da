// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Copies long runs of bytes into shared pages in another way than the JVM does, for {@link
 * VchanOptions#withBulkCopy}. A channel calls it for the bytes of a write, from 2 KiB on and for at
 * most 64 KiB at a time; who reads has no use for it. The module {@code dev.vchan.libc} has one.
 *
 * <p>May be called from many threads at once.
 */
@FunctionalInterface
public interface BulkCopy {

  /**
   * Copies bytes. When it returns they are stored, before whatever the calling thread stores next.
   * The position of {@code source} does not change.
   *
   * @param source any buffer, whose position and limit may enclose more than is to be copied
   * @param position where in {@code source} to begin, not below its position
   * @param ring the shared pages; may be closed by another thread at any time
   * @param offset where in {@code ring} to begin
   * @param bytes how many, at least 1; both {@code source}, up to its limit, and {@code ring} have
   *     them
   * @throws IllegalStateException if {@code ring}, or the memory of {@code source}, was closed:
   *     nothing was copied
   */
  void copy(ByteBuffer source, int position, MemorySegment ring, long offset, int bytes);
}
