// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.nio.ByteBuffer;

/**
 * The consumer's half of the incoming ring: with {@link RingWriter} the only code that moves an
 * index. Not for concurrent use; the caller has the reader's turn.
 *
 * <p>Invariant: {@code 0 <= producer - consumer <= capacity} as unsigned numbers, for the own
 * consumer index and the last producer index that passed the check. The own index is private; what
 * the page says about it is never read again.
 */
final class RingReader {

  private final ControlPage page;
  private final ByteBuffer ring;
  private final int capacity;
  private int consumer;
  private int producer;

  /**
   * Starts where the page stands.
   *
   * @param ring exactly the bytes of the ring
   * @param consumer own index, as found in the page
   */
  RingReader(ControlPage page, ByteBuffer ring, int consumer) {
    this.page = page;
    this.ring = ring;
    this.capacity = ring.capacity();
    this.consumer = consumer;
    this.producer = consumer;
  }

  int capacity() {
    return capacity;
  }

  /** Bytes that can be taken, by what was last seen. */
  int known() {
    return producer - consumer;
  }

  /** Bytes that can be taken, by what the page says now. */
  int look() throws ProtocolViolationException {
    int seen = page.incomingProducer();
    int ready = seen - consumer;
    if (Integer.compareUnsigned(ready, capacity) > 0) {
      throw new ProtocolViolationException(
          "incoming ring: producer index %s is %s bytes ahead of consumer index %s, capacity is %d"
              .formatted(
                  Integer.toUnsignedString(seen),
                  Integer.toUnsignedString(ready),
                  Integer.toUnsignedString(consumer),
                  capacity));
    }
    producer = seen;
    return ready;
  }

  /**
   * Bytes that can be taken, roughly, for a caller without the turn, whose view of the own index
   * may be old: what looks impossible is cut to what is possible, and nobody is blamed.
   */
  int estimate() {
    return Math.clamp(page.incomingProducer() - consumer, 0, capacity);
  }

  /** Copies bytes from {@code skip} bytes past the own index on, without releasing them. */
  void copyTo(int skip, ByteBuffer target, int bytes) {
    int offset = (consumer + skip) & (capacity - 1);
    int position = target.position();
    int first = Math.min(bytes, capacity - offset);
    SharedAccess.copyOut(ring, offset, target, position, first);
    if (first < bytes) {
      SharedAccess.copyOut(ring, 0, target, position + first, bytes - first);
    }
    target.position(position + bytes);
  }

  /** The bytes that can be taken in one piece, as they lie in the ring. */
  ByteBuffer view() {
    int offset = consumer & (capacity - 1);
    return ring.slice(offset, Math.min(known(), capacity - offset)).asReadOnlyBuffer();
  }

  /** Gives the space of bytes that were copied back to the peer. */
  void release(int bytes) {
    consumer += bytes;
    page.publishIncomingConsumer(consumer);
  }
}
