// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.spi.Memory;
import dev.vchan.testkit.Case;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both halves of a ring against a queue, with indices that start anywhere in their 32 bits. */
class RingModelTest {

  private static final int LEFT_CONSUMER = 0;
  private static final int LEFT_PRODUCER = 4;
  private static final int STEPS = 1_000;

  /** A ring from a client to a server, whose indices stand at {@code start}. */
  private static final class Ring {

    final MemorySegment page = Arena.ofAuto().allocate(Memory.PAGE_SIZE, Memory.PAGE_SIZE);
    final RingWriter writer;
    final RingReader reader;

    Ring(int order, int start) {
      page.set(ValueLayout.JAVA_INT, LEFT_CONSUMER, start);
      page.set(ValueLayout.JAVA_INT, LEFT_PRODUCER, start);
      ByteBuffer bytes = ByteBuffer.allocateDirect(1 << order);
      writer = new RingWriter(ControlPage.ofClient(page), bytes, start, start, Optional.empty());
      reader = new RingReader(ControlPage.ofServer(page), bytes.asReadOnlyBuffer(), start);
    }
  }

  @Case("T35")
  @ParameterizedTest
  @ValueSource(ints = {0, -1, -512, -1023, -1024, -1025, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void theRingIsAQueueWhereverItsIndicesStart(int start) throws Exception {
    for (long seed = 1; seed <= 5; seed++) {
      compareWithQueue(new Ring(10, start), seed, "start " + start + ", seed " + seed);
    }
  }

  @Test
  void theRingIsAQueueFromAnyStart() throws Exception {
    long seed = System.nanoTime();
    System.out.println("RingModelTest: seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 50; i++) {
      int start = random.nextInt();
      compareWithQueue(
          new Ring(10 + random.nextInt(3), start), random.nextLong(), seed + ", start " + start);
    }
  }

  /** The index goes half around and more while nothing is claimed. */
  @Test
  void linesAreClaimedAgainAfterManyLongMessages() throws Exception {
    Ring ring = new Ring(12, 0);
    ring.writer.claim();
    for (long moved = 0; moved < 3L << 30; moved += ring.writer.capacity()) {
      ring.writer.publish(ring.writer.look());
      ring.reader.release(ring.reader.look());
    }
    ring.writer.look();
    assertThat(ring.writer.claim()).isTrue();
    assertThat(ring.writer.claim()).isFalse();
  }

  private static void compareWithQueue(Ring ring, long seed, String run) throws Exception {
    Random random = new Random(seed);
    Queue<Byte> model = new ArrayDeque<>();
    int capacity = ring.writer.capacity();
    for (int step = 0; step < STEPS; step++) {
      int space = ring.writer.look();
      int ready = ring.reader.look();
      assertThat(ready).as(run).isEqualTo(model.size()).isEqualTo(ring.reader.known());
      assertThat(space).as(run).isEqualTo(capacity - model.size()).isEqualTo(ring.writer.known());
      assertThat(ring.reader.estimate()).isEqualTo(ready);
      assertThat(ring.writer.estimate()).isEqualTo(space);
      if (random.nextBoolean()) {
        put(ring, model, random, random.nextInt(space + 1));
      } else {
        take(ring, model, random, random.nextInt(ready + 1), run);
      }
    }
  }

  private static void put(Ring ring, Queue<Byte> model, Random random, int bytes) {
    byte[] source = new byte[bytes];
    random.nextBytes(source);
    if (random.nextInt(4) == 0 && bytes > 0) {
      ByteBuffer view = ring.writer.view();
      bytes = Math.min(bytes, view.remaining());
      view.put(source, 0, bytes);
    } else {
      // In two pieces, as a gathering write does.
      int first = random.nextInt(bytes + 1);
      ByteBuffer buffer = ByteBuffer.wrap(source);
      ring.writer.copyFrom(0, buffer, first);
      ring.writer.copyFrom(first, buffer, bytes - first);
      assertThat(buffer.position()).isEqualTo(bytes);
    }
    ring.writer.publish(bytes);
    if (random.nextBoolean()) {
      // Must not touch what is still to be read.
      ring.writer.claim();
    }
    for (int i = 0; i < bytes; i++) {
      model.add(source[i]);
    }
  }

  private static void take(Ring ring, Queue<Byte> model, Random random, int bytes, String run) {
    ByteBuffer target = ByteBuffer.allocate(bytes);
    if (random.nextInt(4) == 0 && bytes > 0) {
      ByteBuffer view = ring.reader.view();
      bytes = Math.min(bytes, view.remaining());
      target.put(view.limit(bytes));
    } else {
      int first = random.nextInt(bytes + 1);
      ring.reader.copyTo(0, target, first);
      ring.reader.copyTo(first, target, bytes - first);
    }
    ring.reader.release(bytes);
    assertThat(target.position()).isEqualTo(bytes);
    for (int i = 0; i < bytes; i++) {
      assertThat(target.get(i)).as(run).isEqualTo(model.remove());
    }
  }

  @Case("T36")
  @Test
  void theDifferenceOfIndicesGoesOverTheEndOfTheirRange() throws Exception {
    Ring ring = new Ring(10, 0xFFFF_FFFE);
    ring.page.set(ValueLayout.JAVA_INT, LEFT_PRODUCER, 5);
    assertThat(ring.reader.look()).isEqualTo(7);
  }
}
