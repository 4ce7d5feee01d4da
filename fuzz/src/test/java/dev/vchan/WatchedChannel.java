// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.vchan.testkit.HostilePeer;
import dev.vchan.testkit.InterfacePage;
import dev.vchan.testkit.SeamAccess;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * A channel whose peer is hostile, with an account of what it may do: how far it may read and
 * write, by the indices it has loaded and should have believed; which bytes of the page and the
 * rings it may change; and how its calls may end.
 */
final class WatchedChannel {

  private static final int LINE = 64;
  private static final int CLAIMS_A_RING = 4;
  private static final int MOST_CLAIMED = 1 << 10;

  private static final int REQUESTS = InterfacePage.NOTIFY_WRITE | InterfacePage.NOTIFY_READ;
  private static final int EXTENSION = ControlPage.END | ControlPage.HALF_CLOSE;

  private final Vchan channel;
  private final HostilePeer peer;
  private final PageChanges changes;
  private final MemorySegment page;
  private final MemorySegment in;
  private final MemorySegment out;

  /** Own indices, as they must be. */
  private int consumer;

  private int producer;

  /** Own indices, as they were stored last. */
  private int consumerStored;

  private int producerStored;

  /** The peer's indices, as loaded last of those that are possible. */
  private int peerProducer;

  private int peerConsumer;

  private boolean violated;
  private boolean outputShut;
  private int serial = 1;

  /** How many bytes the call has moved: less than none if it has read them. */
  private int moved;

  private byte[] pageBefore = {};
  private byte[] inBefore = {};
  private byte[] outExpected = {};

  /**
   * A channel that has just been made.
   *
   * @param indices the four indices as the channel found them in the page
   */
  WatchedChannel(Vchan channel, HostilePeer peer, PageChanges changes, int[] indices) {
    this.channel = channel;
    this.peer = peer;
    this.changes = changes;
    this.page = peer.page().memory();
    this.in = peer.ringIntoVictim();
    this.out = peer.ringFromVictim();
    this.consumer = indices[peer.victimCons() / Integer.BYTES];
    this.peerProducer = consumer;
    this.producer = indices[peer.victimProd() / Integer.BYTES];
    this.peerConsumer = indices[peer.ownCons() / Integer.BYTES];
    check(channel.incomingCapacity() == in.byteSize(), "the capacity of the incoming ring");
    check(channel.outgoingCapacity() == out.byteSize(), "the capacity of the outgoing ring");
  }

  static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError("not as it must be: " + what);
    }
  }

  /** The channel has loaded a word of the page. */
  void loaded(SeamAccess access) {
    int value = (int) access.value();
    if (access.offset() == peer.ownProd()) {
      boolean possible = Integer.compareUnsigned(value - consumerStored, (int) in.byteSize()) <= 0;
      peerProducer = possible ? value : peerProducer;
      violated |= !possible;
    } else if (access.offset() == peer.ownCons()) {
      boolean possible = Integer.compareUnsigned(producerStored - value, (int) out.byteSize()) <= 0;
      peerConsumer = possible ? value : peerConsumer;
      violated |= !possible;
    }
  }

  /** The channel has stored an index. */
  void stored(SeamAccess access) {
    if (access.offset() == peer.victimCons()) {
      consumerStored = (int) access.value();
    } else if (access.offset() == peer.victimProd()) {
      producerStored = (int) access.value();
    } else {
      check(false, "an index of the peer's was stored: " + access);
    }
  }

  /** Something to be done with the channel. */
  interface Call {
    void run(Vchan channel) throws Exception;
  }

  /** Makes a call, and checks all that may not have happened. */
  void call(Call call) throws Exception {
    pageBefore = page.toArray(JAVA_BYTE);
    inBefore = in.toArray(JAVA_BYTE);
    outExpected = out.toArray(JAVA_BYTE);
    moved = 0;
    consumerStored = consumer;
    producerStored = producer;
    changes.begin(pageBefore);
    boolean failed = false;
    try {
      call.run(channel);
    } catch (ProtocolViolationException e) {
      failed = true;
    } catch (VchanException e) {
      check(!(e instanceof SystemRefusedException), "a refusal: " + e);
    } catch (ClosedChannelException e) {
      check(outputShut || !channel.isOpen(), "open, but " + e);
    } finally {
      changes.end();
    }
    check(failed || !violated || !channel.isOpen(), "impossible indices are a violation");
    checkMemory();
    check(!failed || channel.state() == VchanState.FAILED, "failed, but not for good");
  }

  /** In free space behind what it has written, a writer may store a zero where a line begins. */
  private void mayClaim(byte[] expected, byte[] now) {
    int capacity = expected.length;
    int most = Math.min(MOST_CLAIMED, capacity / CLAIMS_A_RING);
    int end = producer + Math.min(capacity - (producer - peerConsumer), most);
    for (int index = (producer + LINE - 1) & -LINE; index - end < 0; index += LINE) {
      int place = index & (capacity - 1);
      if (now[place] == 0) {
        expected[place] = 0;
      }
    }
  }

  /** Nothing but what is this side's own has changed. */
  private void checkMemory() {
    check(consumerStored == consumer && producerStored == producer, "the own indices");
    byte[] now = page.toArray(JAVA_BYTE);
    byte[] expected = pageBefore;
    own(expected, now, peer.victimProd(), moved > 0 ? producer : 0, moved > 0);
    own(expected, now, peer.victimCons(), moved < 0 ? consumer : 0, moved < 0);
    if (now[peer.victimLive()] == 0) {
      expected[peer.victimLive()] = 0;
    }
    mayChange(expected, now, peer.victimAskByte(), REQUESTS | EXTENSION);
    mayChange(expected, now, peer.askByte(), REQUESTS);
    mayClaim(outExpected, out.toArray(JAVA_BYTE));
    putRingOfPage(expected, changes.happened() ? out.toArray(JAVA_BYTE) : outExpected);
    check(Arrays.equals(now, expected), () -> difference("the page", expected, now));
    if (!changes.happened()) {
      check(Arrays.equals(in.toArray(JAVA_BYTE), inBefore), "the incoming ring is the peer's");
      byte[] outNow = out.toArray(JAVA_BYTE);
      check(Arrays.equals(outNow, outExpected), () -> difference("ring", outExpected, outNow));
    }
  }

  private static void check(boolean holds, Supplier<String> what) {
    if (!holds) {
      check(false, what.get());
    }
  }

  private static String difference(String what, byte[] expected, byte[] now) {
    int at = Arrays.mismatch(expected, now);
    return "%s at %d: %d instead of %d".formatted(what, at, now[at], expected[at]);
  }

  private void own(byte[] expected, byte[] now, int offset, int index, boolean published) {
    if (changes.happened()) {
      System.arraycopy(now, offset, expected, offset, Integer.BYTES);
    } else if (published) {
      ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN).putInt(offset, index);
    }
  }

  private static void mayChange(byte[] expected, byte[] now, int offset, int bits) {
    expected[offset] = (byte) ((expected[offset] & ~bits) | (now[offset] & bits));
  }

  private void putRingOfPage(byte[] expected, byte[] ring) {
    long place = out.address() - page.address();
    if (place > 0 && place < expected.length) {
      System.arraycopy(ring, 0, expected, (int) place, ring.length);
    }
  }

  /** A call has handed out bytes of the incoming ring, from the own index on. */
  private void checkRead(ByteBuffer bytes) {
    int count = bytes.remaining();
    check(count <= peerProducer - consumer, "no more is read than there is");
    for (int i = 0; i < count; i++) {
      byte there = inBefore[(consumer + i) & (inBefore.length - 1)];
      boolean same = bytes.get(bytes.position() + i) == there;
      check(same || changes.happened(), "what is read is what is there");
    }
  }

  private void consumed(int count) {
    consumer += count;
    moved = -count;
  }

  private void checkSpace(int count) {
    int used = producer + count - peerConsumer;
    check(Integer.compareUnsigned(used, (int) out.byteSize()) <= 0, "no more is written than fits");
  }

  private void expectWritten(ByteBuffer bytes) {
    for (int i = 0; i < bytes.remaining(); i++) {
      int place = (producer + i) & (outExpected.length - 1);
      outExpected[place] = bytes.get(bytes.position() + i);
    }
  }

  private void produced(int count) {
    producer += count;
    moved = count;
  }

  /** Reads by {@code reading}, which moves the position of what it is given. */
  void read(int room, Transfer reading) throws Exception {
    ByteBuffer target = ByteBuffer.allocate(room);
    call(
        open -> {
          try {
            reading.carry(open, target);
          } finally {
            target.flip();
            checkRead(target);
            consumed(target.remaining());
          }
        });
  }

  /** Writes by {@code writing}, which moves the position of what it is given. */
  void write(int count, Transfer writing) throws Exception {
    ByteBuffer source = fresh(count);
    call(
        open -> {
          try {
            writing.carry(open, source);
          } finally {
            source.flip();
            checkSpace(source.remaining());
            expectWritten(source);
            produced(source.remaining());
          }
        });
  }

  /** Bytes that are unlike those around them, and unlike those before. */
  private ByteBuffer fresh(int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      bytes.put((byte) serial++);
    }
    return bytes.flip();
  }

  /** Looks at bytes where they lie, and gives the first of them back. */
  void peek(int want) throws Exception {
    call(
        open -> {
          ByteBuffer view = open.peek(Deadline.POLL);
          checkRead(view);
          if (view.hasRemaining()) {
            int count = Math.min(want, view.remaining());
            consumed(count);
            open.consume(count);
          }
        });
  }

  /** Fills space where it lies, and publishes the first of it. */
  void reserve(int want) throws Exception {
    call(
        open -> {
          ByteBuffer view = open.reserve(Deadline.POLL);
          checkSpace(view.remaining());
          if (view.hasRemaining()) {
            int count = Math.min(want, view.remaining());
            ByteBuffer bytes = fresh(count);
            view.put(0, bytes, 0, count);
            expectWritten(bytes);
            commit(open, count);
          }
        });
  }

  /** Writes nothing any more. */
  void shutOutput() throws Exception {
    outputShut = true;
    call(Vchan::shutdownOutput);
  }

  private void commit(Vchan open, int count) throws Exception {
    try {
      open.commit(count);
    } catch (PeerClosedException | PeerDiedException e) {
      // The one failure that comes before the index moves.
      return;
    }
    produced(count);
  }

  /** A call that moves the position of a buffer by the bytes it has carried. */
  interface Transfer {
    void carry(Vchan channel, ByteBuffer bytes) throws Exception;
  }
}
