// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.vchan.DomainId;
import dev.vchan.spi.Advertisement;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The file {@code .keys} of a node of the store: all its leaves, and who wrote them for whom, one
 * {@code name=value} a line. Names that begin with a dot are not leaves.
 *
 * @param lines the values by their names
 */
record Keys(Map<String, String> lines) {

  static final String FILE = ".keys";

  /** Where a new content is written to before it takes the place of the old one. */
  static final String NEW_FILE = ".keys.new";

  private static final String SERVER = ".server";
  private static final String CLIENT = ".client";
  private static final String PID = ".pid";

  /** Longest file that is read: what XenStore would let a client have in one reply. */
  private static final int MAX_BYTES = 4096;

  static byte[] encode(DomainId server, DomainId client, Advertisement advertisement) {
    String text =
        SERVER
            + "="
            + server
            + "\n"
            + CLIENT
            + "="
            + client
            + "\n"
            + PID
            + "="
            + ProcessHandle.current().pid()
            + "\n"
            + Advertisement.RING_REF
            + "="
            + advertisement.ringRef()
            + "\n"
            + Advertisement.EVENT_CHANNEL
            + "="
            + advertisement.eventChannel()
            + "\n";
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Reads whatever is there, which may be anything: a pipe, a directory, a link, gigabytes.
   *
   * @return the bytes; none if there is no file, or nothing that could be an advertisement
   * @throws IOException if there is a file but it cannot be read
   */
  static byte[] read(Path file) throws IOException {
    try {
      return Uninterrupted.run(() -> readOnce(file));
    } catch (NoSuchFileException e) {
      return new byte[0];
    } catch (IOException e) {
      if (Files.isReadable(file) && Files.isRegularFile(file, NOFOLLOW_LINKS)) {
        throw Refusal.of(file, e, "raise the limit of open files (ulimit -n)");
      }
      return new byte[0];
    }
  }

  /**
   * Opens whatever is there. For writing too, since that does not wait for the other end of a pipe;
   * to be read at a position, which a pipe refuses instead of waiting for bytes.
   */
  static FileChannel open(Path file) throws IOException {
    return FileChannel.open(file, READ, WRITE, NOFOLLOW_LINKS);
  }

  private static byte[] readOnce(Path file) throws IOException {
    try (FileChannel channel = open(file)) {
      ByteBuffer buffer = ByteBuffer.allocate(MAX_BYTES + 1);
      int count;
      do {
        count = channel.read(buffer, buffer.position());
      } while (count > 0 && buffer.hasRemaining());
      return buffer.hasRemaining() ? Arrays.copyOf(buffer.array(), buffer.position()) : new byte[0];
    }
  }

  /** Takes the bytes apart. A line without {@code =} or a second value for a name spoils them. */
  static Optional<Keys> parse(byte[] bytes) {
    Map<String, String> lines = new HashMap<>();
    for (String line : new String(bytes, StandardCharsets.ISO_8859_1).split("\n", -1)) {
      int equals = line.indexOf('=');
      if (line.isEmpty()) {
        continue;
      }
      if (equals < 0 || lines.put(line.substring(0, equals), line.substring(equals + 1)) != null) {
        return Optional.empty();
      }
    }
    return Optional.of(new Keys(lines));
  }

  /** What {@code server} advertises for {@code client}, if that is what this is. */
  Optional<Advertisement> advertisement(DomainId server, DomainId client) {
    if (!value(SERVER).equals(server.toString()) || !value(CLIENT).equals(client.toString())) {
      return Optional.empty();
    }
    return Advertisement.parse(value(Advertisement.RING_REF), value(Advertisement.EVENT_CHANNEL));
  }

  /** The domain that wrote this, if it says which. */
  Optional<DomainId> server() {
    return domain(SERVER);
  }

  /** The domain that this is for, if it says which. */
  Optional<DomainId> client() {
    return domain(CLIENT);
  }

  private Optional<DomainId> domain(String name) {
    try {
      return Optional.of(DomainId.parse(value(name)));
    } catch (IllegalArgumentException e) {
      // As good as nothing.
      return Optional.empty();
    }
  }

  /** The process that wrote this, as it sees itself; which may not be how others see it. */
  String writer() {
    String pid = value(PID);
    return pid.matches("[0-9]{1,10}") ? "process " + pid : "another process";
  }

  private String value(String name) {
    return lines.getOrDefault(name, "");
  }
}
