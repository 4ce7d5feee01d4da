// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.DomainId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** A control page, looked at by a third party that changes nothing. */
final class PageView {

  /** Tells what is in the page's header. */
  interface Source {
    byte[] header();
  }

  /** The bytes before the list of grants. */
  private static final int HEADER = 24;

  private static final int PAGE = 4096;
  private static final int CLIENT_NOTIFY = 22;
  private static final int SERVER_NOTIFY = 23;

  private final Source source;

  PageView(Source source) {
    this.source = source;
  }

  /** A page that is mapped here. */
  static PageView of(ByteBuffer page) {
    return new PageView(
        () -> {
          byte[] header = new byte[HEADER];
          page.get(0, header);
          return header;
        });
  }

  /**
   * The page that a server offers, which has no others: both rings are in it. To be called before a
   * client has come, since a page that is taken gets another name.
   */
  static PageView of(Hub hub, DomainId server) throws IOException {
    Path file;
    try (Stream<Path> files = Files.list(hub.root().resolve("gnt").resolve("" + server))) {
      List<Path> all = files.toList();
      if (all.size() != 1) {
        throw new AssertionError("one file of pages is expected: " + all);
      }
      file = all.getFirst();
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return of(channel.map(MapMode.READ_ONLY, 0, PAGE));
    }
  }

  byte[] header() {
    return source.header();
  }

  /** The byte in which one side asks: the server or the client. */
  static int asked(byte[] header, boolean byServer) {
    return Byte.toUnsignedInt(header[byServer ? CLIENT_NOTIFY : SERVER_NOTIFY]);
  }
}
