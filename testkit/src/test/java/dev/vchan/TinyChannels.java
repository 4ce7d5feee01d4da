// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.EventChannel;
import dev.vchan.spi.MemoryBarrier;
import java.io.Closeable;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Ends of channels whose rings are smaller than any that a handshake makes, put together as it puts
 * them: with rings of two bytes a few bytes already wait for space and wrap around.
 */
public final class TinyChannels {

  private static final int LEFT = 1024;
  private static final int RIGHT = 2048;
  private static final DomainId PEER = new DomainId(1);
  private static final RendezvousPath PATH = new RendezvousPath("/tiny");

  private TinyChannels() {}

  /** What a server does first: the page, with indices that are about to start again from 0. */
  public static void initialise(MemorySegment segment, int index, VchanOptions options) {
    ControlPage page = ControlPage.ofServer(segment);
    ControlPage client = ControlPage.ofClient(segment);
    page.publishIncomingConsumer(index);
    page.publishOutgoingProducer(index);
    client.publishIncomingConsumer(index);
    client.publishOutgoingProducer(index);
    page.initialise(new RingLayout(10, 11), List.of(), extensions(options).bits());
  }

  /** A client's last step. */
  public static void enter(MemorySegment segment, VchanOptions options) {
    try {
      ControlPage.ofClient(segment).enter(extensions(options).bits());
    } catch (ProtocolViolationException e) {
      throw new AssertionError(e);
    }
  }

  private static Extensions extensions(VchanOptions options) {
    return new Extensions(options.halfClose(), Optional.empty());
  }

  /**
   * One end of a channel over an initialised page.
   *
   * @param barrier what both sides make behind a request, if they have agreed on that
   */
  public static Vchan end(
      boolean server,
      MemorySegment segment,
      int index,
      int capacity,
      EventChannel events,
      Closeable region,
      Optional<MemoryBarrier> barrier,
      VchanOptions options) {
    ControlPage page = server ? ControlPage.ofServer(segment) : ControlPage.ofClient(segment);
    ByteBuffer left = segment.asSlice(LEFT, capacity).asByteBuffer();
    ByteBuffer right = segment.asSlice(RIGHT, capacity).asByteBuffer();
    Resources held = new Resources();
    held.add(events);
    held.add(region);
    Extensions agreed = new Extensions(options.halfClose(), barrier);
    Link link = new Link(page, events, held, options, agreed);
    RingReader reader = new RingReader(page, server ? left : right, index);
    RingWriter writer = new RingWriter(page, server ? right : left, index, index, Optional.empty());
    return new Vchan(PEER, PATH, options, link, reader, writer);
  }
}
