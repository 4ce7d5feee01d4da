// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.nio.ByteBuffer;

/**
 * The producer's half of the outgoing ring; see {@link RingReader}. Not for concurrent use; the
 * caller has the writer's turn.
 *
 * <p>Invariant: {@code 0 <= producer - consumer <= capacity} as unsigned numbers, for the own
 * producer index and the last consumer index that passed the check.
 */
final class RingWriter {

  private final ControlPage page;
  private final ByteBuffer ring;
  private final int capacity;
  private int producer;
  private int consumer;

  /**
   * Starts where the page stands.
   *
   * @param ring exactly the bytes of the ring
   * @param producer own index, as found in the page
   * @param consumer the peer's index, as found in the page and checked
   */
  RingWriter(ControlPage page, ByteBuffer ring, int producer, int consumer) {
    this.page = page;
    this.ring = ring;
    this.capacity = ring.capacity();
    this.producer = producer;
    this.consumer = consumer;
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
    SharedAccess.copyIn(source, position, ring, offset, first);
    if (first < bytes) {
      SharedAccess.copyIn(source, position + first, ring, 0, bytes - first);
    }
    source.position(position + bytes);
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
}
