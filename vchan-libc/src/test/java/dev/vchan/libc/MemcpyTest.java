// SPDX-License-Identifier: Apache-2.0
package dev.vchan.libc;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.RingSizes;
import dev.vchan.VchanOptions;
import dev.vchan.local.LocalBackend;
import dev.vchan.spi.MemoryFaults;
import dev.vchan.spi.Unmapping;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Long writes copied by the C library: the same bytes, and nothing is unmapped under them. */
class MemcpyTest {

  private static final int RING = 1 << 18;

  private Memcpy memcpy;
  private VchanOptions options;

  @BeforeEach
  void link() throws IOException {
    memcpy = Memcpy.link();
    options = Ends.UNAIDED.withSizes(new RingSizes(RING, RING)).withBulkCopy(memcpy);
  }

  @Test
  void everyKindOfBufferIsCopiedFromAnyPlaceToAnyPlace() {
    long seed = System.nanoTime();
    System.out.println("MemcpyTest: seed " + seed);
    Random random = new Random(seed);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ring = arena.allocate(4096);
      for (int round = 0; round < 2_000; round++) {
        ByteBuffer whole = new Patterns(random.nextLong()).next(1_000);
        ByteBuffer direct = ByteBuffer.allocateDirect(1_000).put(0, whole, 0, 1_000);
        for (ByteBuffer buffer :
            List.of(whole, direct, whole.asReadOnlyBuffer(), direct.asReadOnlyBuffer())) {
          copyOnce(random, buffer.slice(100, 900), ring);
        }
      }
    }
  }

  private void copyOnce(Random random, ByteBuffer source, MemorySegment ring) {
    int bytes = random.nextInt(1, 400);
    int position = random.nextInt(source.capacity() - bytes);
    int offset = random.nextInt((int) ring.byteSize() - bytes);
    source.position(random.nextInt(position + 1));
    int before = source.position();
    byte[] expected = ring.toArray(ValueLayout.JAVA_BYTE);
    source.get(position, expected, offset, bytes);
    memcpy.copy(source, position, ring, offset, bytes);
    assertThat(ring.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected);
    assertThat(source.position()).isEqualTo(before);
  }

  @Test
  void pagesThatAreClosedAreNotCopiedInto() {
    MemorySegment ring;
    try (Arena arena = Arena.ofShared()) {
      ring = arena.allocate(4096);
    }
    assertThatThrownBy(() -> memcpy.copy(ByteBuffer.allocate(64), 0, ring, 0, 64))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aRingThatIsReadOnlyIsNotCopiedInto() {
    byte[] bytes = new byte[64];
    MemorySegment ring = MemorySegment.ofArray(bytes).asReadOnly();
    for (ByteBuffer source :
        List.of(
            ByteBuffer.allocate(64).put(0, (byte) 1),
            ByteBuffer.allocateDirect(64).put(0, (byte) 1),
            ByteBuffer.allocate(64).put(0, (byte) 1).asReadOnlyBuffer())) {
      assertThatThrownBy(() -> memcpy.copy(source, 0, ring, 0, 64))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(bytes).containsOnly(0);
  }

  @Test
  void whatASourceDoesNotHaveIsNotCopied() {
    MemorySegment ring = MemorySegment.ofArray(new byte[64]);
    for (ByteBuffer source : List.of(ByteBuffer.allocate(64), ByteBuffer.allocateDirect(64))) {
      assertThatThrownBy(() -> memcpy.copy(source.limit(32), 16, ring, 0, 17))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  /** By native code this would end the JVM, and with it the test. */
  @Test
  void aMappedFileThatIsTruncatedUnderTheCopyIsSurvived(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("mapped");
    Files.write(file, new byte[8192]);
    MemorySegment ring = MemorySegment.ofArray(new byte[8192]);
    try (FileChannel channel = FileChannel.open(file, READ, WRITE)) {
      ByteBuffer source = channel.map(FileChannel.MapMode.READ_ONLY, 0, 8192);
      memcpy.copy(source, 0, ring, 0, 8192);
      channel.truncate(0);
      assertThatThrownBy(
              () -> {
                memcpy.copy(source, 0, ring, 0, 8192);
                MemoryFaults.surface();
              })
          .isInstanceOf(InternalError.class);
    }
  }

  @Test
  void aStreamOfWritesOfAllSizesArrives(@TempDir Path folder) throws Exception {
    int total = 50_000_000;
    long seed = System.nanoTime();
    System.out.println("MemcpyTest: seed " + seed);
    try (LocalBackend server = LocalBackend.open(folder.resolve("root"), Ends.SERVER);
        LocalBackend client = LocalBackend.open(folder.resolve("root"), Ends.CLIENT);
        Ends ends = Ends.open(server, client, options, options)) {
      Task<Long> writing = Watchdog.start("write", () -> write(ends, seed, total));
      Patterns expected = new Patterns(seed);
      ByteBuffer target = ByteBuffer.allocate(100_000);
      for (int left = total; left > 0; ) {
        left -= ends.client().read(target.clear().limit(Math.min(left, target.capacity())));
        expected.check(target.flip());
      }
      assertThat(writing.get()).isEqualTo(total);
    }
  }

  private static long write(Ends ends, long seed, int total) throws IOException {
    Random random = new Random(seed);
    Patterns pattern = new Patterns(seed);
    ByteBuffer direct = ByteBuffer.allocateDirect(RING * 2);
    ByteBuffer heap = ByteBuffer.allocate(RING * 2);
    for (int left = total; left > 0; ) {
      ByteBuffer source = random.nextBoolean() ? direct : heap;
      int bytes = Math.min(left, 1 + random.nextInt(1 << random.nextInt(1, 20)));
      source.clear().limit(Math.min(bytes, source.capacity()));
      pattern.fill(source);
      left -= ends.server().write(source.flip());
    }
    return total;
  }

  /**
   * Without patience the same close is refused, which shows that there was something to wait for.
   */
  @Test
  void pagesAreUnmappedOnceTheCopyIsOver() throws Exception {
    int refused = 0;
    for (int round = 0; round < 200; round++) {
      Arena arena = Arena.ofShared();
      MemorySegment ring = arena.allocate(1 << 16);
      CountDownLatch copying = new CountDownLatch(1);
      Task<Boolean> copies = Watchdog.start("copy", () -> copyUntilClosed(ring, copying));
      copying.await();
      try {
        arena.close();
      } catch (IllegalStateException e) {
        refused++;
        Unmapping.close(arena);
        // Nothing is left to do, and nothing to complain of.
        Unmapping.close(arena);
      }
      assertThat(arena.scope().isAlive()).isFalse();
      assertThat(copies.get()).isTrue();
    }
    System.out.println("MemcpyTest: without patience " + refused + " of 200 closes were refused");
    assertThat(refused).isPositive();
  }

  private boolean copyUntilClosed(MemorySegment ring, CountDownLatch copying) {
    ByteBuffer source = ByteBuffer.allocateDirect((int) ring.byteSize());
    try {
      for (; ; ) {
        memcpy.copy(source, 0, ring, 0, source.capacity());
        copying.countDown();
      }
    } catch (IllegalStateException e) {
      return true;
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aBackendCanBeClosedUnderWritesThatCopy(boolean bulk, @TempDir Path folder) throws Exception {
    VchanOptions wanted = bulk ? options : Ends.UNAIDED.withSizes(new RingSizes(RING, RING));
    try (LocalBackend client = LocalBackend.open(folder.resolve("root"), Ends.CLIENT)) {
      for (int round = 0; round < 50; round++) {
        LocalBackend server = LocalBackend.open(folder.resolve("root"), Ends.SERVER);
        try (Ends ends = Ends.open(server, client, wanted, wanted)) {
          ByteBuffer source = ByteBuffer.allocateDirect(RING);
          ends.client().shutdownInput();
          Task<Long> writing =
              Watchdog.start(
                  "write",
                  () -> {
                    for (; ; ) {
                      ends.server().write(source.clear());
                    }
                  });
          while (ends.server().counters().bytesWritten() < RING * (1 + round % 7)) {
            Thread.onSpinWait();
          }
          server.close();
          assertThatThrownBy(writing::get).isInstanceOf(ClosedChannelException.class);
        }
      }
    }
  }
}
