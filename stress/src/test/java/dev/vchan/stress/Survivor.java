// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.PeerDiedException;
import dev.vchan.Vchan;
import dev.vchan.VchanState;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;

/** One channel, as the survivor lives it from the first byte to the end. Used by one thread. */
final class Survivor {

  private static final int END_OF_STREAM = -1;
  private static final VarHandle INT =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

  /** Offsets of the indices of the ring that the server, or the client, writes; consumer first. */
  private static final int SERVER_WRITES = 8;

  private static final int CLIENT_WRITES = 0;

  private final Vchan channel;
  private final MemorySegment page;
  private final int indices;
  private final ByteBuffer buffer = ByteBuffer.allocate(1 << 14);
  private int round = -1;
  private int number;
  private long bytes;
  private Patterns stream = new Patterns(0);

  /**
   * How a channel ended.
   *
   * @param round which round's victim was at the other end; -1 if it did not get so far as to say
   * @param channel the number of this channel among that victim's
   * @param bytes how many arrived, the head included
   * @param published how many the page says were published
   * @param full whether the ring was full when the victim was found dead, before anything was read
   * @param end {@code died}, {@code closed}, or what should not be
   */
  record Delivery(int round, int channel, long bytes, long published, boolean full, String end) {

    long lost() {
      return published - bytes;
    }
  }

  Survivor(Vchan channel, MemorySegment page, boolean victimIsServer) {
    this.channel = channel;
    this.page = page;
    this.indices = victimIsServer ? SERVER_WRITES : CLIENT_WRITES;
  }

  /** Lives through the plan, and closes the channel. */
  Delivery outlive(KillPlan plan) throws Exception {
    try (channel) {
      Watchdog.Task<String> writing =
          plan.survivorWrites() ? Watchdog.start("survivor-writes", this::write) : null;
      boolean full = false;
      if (plan.lazyReader()) {
        Watchdog.until("rid of the victim", () -> channel.state() != VchanState.CONNECTED);
        full = unread() == channel.incomingCapacity();
      }
      String end = read();
      // Index and count are compared modulo 2^32, in which the index is kept.
      long published = bytes + (producer() - (int) bytes);
      if (channel.counters().endedByPeriod() != 0) {
        end = "woken by the look period, not by an event";
      }
      channel.close();
      if (writing != null && !writing.get().isEmpty()) {
        end = writing.get();
      }
      return new Delivery(round, number, bytes, published, full, end);
    }
  }

  private String read() {
    try {
      for (; ; ) {
        buffer.clear();
        // The first bytes are the head, which is published as a whole.
        buffer.limit(bytes == 0 ? KillVictim.HEAD : buffer.capacity());
        int count = channel.read(buffer);
        if (count == END_OF_STREAM) {
          return "closed";
        }
        buffer.flip();
        if (bytes == 0) {
          takeHead();
        } else {
          stream.check(buffer);
        }
        bytes += count;
      }
    } catch (PeerDiedException e) {
      return "died";
    } catch (IOException | RuntimeException | AssertionError e) {
      return e.toString();
    }
  }

  private void takeHead() throws IOException {
    if (buffer.remaining() != KillVictim.HEAD) {
      throw new IOException("a part of the head: " + buffer.remaining() + " bytes");
    }
    round = buffer.getInt();
    number = buffer.getInt();
    stream = new Patterns(KillPlan.stream(round, number));
  }

  /** Writes until the victim is gone; empty if it went as it should. */
  private String write() {
    ByteBuffer some = ByteBuffer.allocate(channel.outgoingCapacity() / 2 + 1);
    try {
      for (; ; ) {
        channel.write(some.clear());
      }
    } catch (dev.vchan.PeerClosedException | PeerDiedException | ClosedChannelException e) {
      return "";
    } catch (IOException | RuntimeException e) {
      return "writing: " + e;
    }
  }

  private int producer() {
    return (int) INT.getAcquire(page, (long) indices + Integer.BYTES);
  }

  private int unread() {
    return producer() - (int) INT.getAcquire(page, (long) indices);
  }
}
