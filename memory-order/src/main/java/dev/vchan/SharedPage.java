// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static dev.vchan.spi.Memory.PAGE_SIZE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the two actors of a test share: one page of a mapped file, as both sides see it, with both
 * rings in it. The client has come, and nobody has asked for anything.
 */
abstract class SharedPage {

  /** Of the ring, which lies so many bytes into the page. */
  static final int CAPACITY = 1 << 10;

  private static final RingLayout LAYOUT = new RingLayout(10, 11);

  /** More than a run has pages in use at one time, so that a page may be used again. */
  private static final int PAGES = 1 << 13;

  private static final MemorySegment FILE = mapFile();
  private static final AtomicInteger NEXT = new AtomicInteger();

  final MemorySegment memory = nextPage();
  final ControlPage server = ControlPage.ofServer(memory);
  final ControlPage client = ControlPage.ofClient(memory);

  /** The ring from client to server. */
  final ByteBuffer ring = memory.asSlice(CAPACITY, CAPACITY).asByteBuffer();

  final RingWriter writer;
  final RingReader reader = new RingReader(server, ring, 0);

  /** The ring is empty. */
  SharedPage() {
    this(0);
  }

  /**
   * The ring holds zeros.
   *
   * @param filled how many
   */
  SharedPage(int filled) {
    writer = new RingWriter(client, ring, filled, 0, Optional.empty());
    server.initialise(LAYOUT, List.of(), 0);
    enter(client);
    takeRequest(server, ControlPage.WRITE);
    takeRequest(client, ControlPage.WRITE);
  }

  // What the endpoint does, for actors, which may not throw.

  static int look(RingReader reader) {
    try {
      return reader.look();
    } catch (ProtocolViolationException e) {
      throw new AssertionError(e);
    }
  }

  static int look(RingWriter writer) {
    try {
      return writer.look();
    } catch (ProtocolViolationException e) {
      throw new AssertionError(e);
    }
  }

  static void ask(ControlPage page, int request) {
    try {
      page.ask(request);
    } catch (ProtocolViolationException e) {
      throw new AssertionError(e);
    }
  }

  static int takeRequest(ControlPage page, int request) {
    try {
      return page.takeRequest(request) ? 1 : 0;
    } catch (ProtocolViolationException e) {
      throw new AssertionError(e);
    }
  }

  static int takeRequestWithoutFence(ControlPage page, int request) {
    try {
      return page.takeRequestWithoutFence(request) ? 1 : 0;
    } catch (ProtocolViolationException e) {
      throw new AssertionError(e);
    }
  }

  static void announceEnd(ControlPage page) {
    try {
      page.announceEnd();
    } catch (ProtocolViolationException e) {
      throw new AssertionError(e);
    }
  }

  static void enter(ControlPage page) {
    try {
      page.enter(0);
    } catch (ProtocolViolationException e) {
      throw new AssertionError(e);
    }
  }

  /** A page of zeros. */
  static MemorySegment nextPage() {
    int page = NEXT.getAndIncrement() & (PAGES - 1);
    return FILE.asSlice((long) page * PAGE_SIZE, PAGE_SIZE).fill((byte) 0);
  }

  private static MemorySegment mapFile() {
    try {
      Path file = Files.createTempFile("memory-order", "");
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        long bytes = (long) PAGES * PAGE_SIZE;
        return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, Arena.global());
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
