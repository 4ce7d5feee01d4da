// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The producer's half of the outgoing ring; see {@link RingReader}. Not for concurrent use; the
 * caller has the writer's turn.
 *
 * <p>Invariant: {@code 0 <= producer - consumer <= capacity} as unsigned numbers, for the own
 * producer index and the last consumer index that passed the check.
 */
final class RingWriter {

  /** Lines fetched together cost little more than one; more of them would not stay in a cache. */
  private static final int MOST_CLAIMED = 1 << 10;

  private static final int CLAIMS_A_RING = 4;

  /** Bytes of a line of the processor's cache, or a divisor of it. */
  private static final int LINE = 64;

  /** Below this, calling native code cost more than it gained where it was measured. */
  private static final int BULK = 2 << 10;

  /** The collector waits for a copy by native code. */
  private static final int MOST_BULK = 64 << 10;

  private final ControlPage page;
  private final ByteBuffer ring;
  private final MemorySegment memory;
  private final @Nullable BulkCopy bulkCopy;
  private final int capacity;
  private int producer;
  private int consumer;

  /** Index up to which lines have been claimed. */
  private int claimed;

  /**
   * Starts where the page stands.
   *
   * @param ring exactly the bytes of the ring
   * @param producer own index, as found in the page
   * @param consumer the peer's index, as found in the page and checked
   * @param bulkCopy what copies many bytes, if not the JVM
   */
  RingWriter(
      ControlPage page, ByteBuffer ring, int producer, int consumer, Optional<BulkCopy> bulkCopy) {
    this.page = page;
    this.ring = ring;
    this.memory = MemorySegment.ofBuffer(ring);
    this.bulkCopy = bulkCopy.orElse(null);
    this.capacity = ring.capacity();
    this.producer = producer;
    this.consumer = consumer;
    this.claimed = producer;
  }

  int capacity() {
    return capacity;
  }

  /** Bytes of space, by what was last seen. */
  int known() {
    return capacity - (producer - consumer);
  }

  /** Bytes of space, by what the page says now. */
  int look() throws ProtocolViolationException {
    int seen = page.outgoingConsumer();
    int unread = producer - seen;
    if (Integer.compareUnsigned(unread, capacity) > 0) {
      throw new ProtocolViolationException(
          "outgoing ring: consumer index %s is %s bytes behind producer index %s, capacity is %d"
              .formatted(
                  Integer.toUnsignedString(seen),
                  Integer.toUnsignedString(unread),
                  Integer.toUnsignedString(producer),
                  capacity));
    }
    consumer = seen;
    return capacity - unread;
  }

  /**
   * Bytes of space, roughly, for a caller without the turn, whose view of the own index may be old:
   * what looks impossible is cut to what is possible, and nobody is blamed.
   */
  int estimate() {
    return Math.clamp(capacity - (producer - page.outgoingConsumer()), 0, capacity);
  }

  /**
   * Copies bytes into the space from {@code skip} bytes past the own index on; nobody sees them.
   */
  void copyFrom(int skip, ByteBuffer source, int bytes) {
    int offset = (producer + skip) & (capacity - 1);
    int position = source.position();
    int first = Math.min(bytes, capacity - offset);
    copyIn(source, position, offset, first);
    if (first < bytes) {
      copyIn(source, position + first, 0, bytes - first);
    }
    source.position(position + bytes);
  }

  private void copyIn(ByteBuffer source, int position, int offset, int bytes) {
    if (bulkCopy == null || bytes < BULK) {
      SharedAccess.copyIn(source, position, ring, offset, bytes);
      return;
    }
    for (int done = 0; done < bytes; done += MOST_BULK) {
      int some = Math.min(bytes - done, MOST_BULK);
      SharedAccess.bulkCopyIn(source, position + done, memory, offset + done, bulkCopy, some);
    }
  }

  /** The space that lies in one piece. */
  ByteBuffer view() {
    int offset = producer & (capacity - 1);
    return ring.slice(offset, Math.min(known(), capacity - offset));
  }

  /** Lets the peer see bytes that were copied in. */
  void publish(int bytes) {
    producer += bytes;
    page.publishOutgoingProducer(producer);
  }

  /**
   * Brings the next lines of the ring to this processor, unless those brought last are still
   * unused, by a store into each: the space is the writer's, and nobody looks there. The other side
   * has read these lines, so each has to come from its cache. Without this, the fence behind each
   * small message would wait for the line of that message alone; together they take hardly longer
   * than one.
   *
   * @return whether shared memory was accessed, so that a fault may have to surface
   */
  boolean claim() {
    int unused = claimed - producer;
    // More than can be claimed is what the difference says once the index has gone half around.
    if (unused > 0 && unused <= MOST_CLAIMED) {
      return false;
    }
    int end = producer + Math.min(known(), Math.min(MOST_CLAIMED, capacity / CLAIMS_A_RING));
    int next = (producer + LINE - 1) & -LINE;
    for (int line = next; line - end < 0; line += LINE) {
      SharedAccess.claim(ring, line & (capacity - 1));
    }
    claimed = end;
    return next - end < 0;
  }
}
