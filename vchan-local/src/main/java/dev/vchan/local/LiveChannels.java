// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.PageSnapshot;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.GrantRef;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Looks at the channels of other processes without being part of them: reads names, pages and
 * advertisements of a directory, and what {@code /proc} says. Writes nothing, takes no lock, maps
 * nothing, and leaves alone what dead processes have left.
 *
 * <p>Found are channels whose page has a name: all that wait for a client, and those that are
 * connected, unless their server takes the name away from a page that is taken (see
 * docs/local-transport.md, "The store").
 *
 * <p>Whatever is found may be the work of anybody, and gone the next moment. May be used from any
 * thread.
 */
public final class LiveChannels {

  /** A page that changes faster than it can be read twice is not read more often. */
  private static final int MAX_READS = 10;

  private final Path given;

  private LiveChannels(Path given) {
    this.given = given;
  }

  /**
   * Whose channels to look at.
   *
   * @param root a directory in which processes meet; it need not exist
   * @return what looks at it
   */
  public static LiveChannels in(Path root) {
    return new LiveChannels(root);
  }

  /**
   * Looks once.
   *
   * @return what is there, by server, path and page; none if there is no such directory
   * @throws SystemRefusedException if the directory is one that {@link LocalBackend#open} refuses
   *     because of its owner, mode or content
   * @throws IOException if the system fails otherwise
   */
  public List<LiveChannel> look() throws IOException {
    Optional<RootDirectory> root = RootDirectory.existing(given);
    if (root.isEmpty()) {
      return List.of();
    }
    // Before the pages: what is withdrawn meanwhile is found by its page's new name.
    Map<String, RendezvousPath> advertised = advertisements(root.get().store());
    List<LiveChannel> found = new ArrayList<>();
    for (Path domain : Leftovers.list(root.get().grants())) {
      for (Path file : Leftovers.list(domain)) {
        PageName.parse(domain.getFileName().toString(), file.getFileName().toString())
            .flatMap(name -> channel(name, file, advertised))
            .ifPresent(found::add);
      }
    }
    found.sort(
        Comparator.comparingInt((LiveChannel one) -> one.server().value())
            .thenComparing(one -> one.path().value())
            .thenComparingLong(one -> Integer.toUnsignedLong(one.page().value())));
    return found;
  }

  /**
   * Looks which processes have the pages of channels.
   *
   * @return those that this process can see, which are none of another user's, nor of a container
   *     beside this one
   * @throws IOException if the system fails
   */
  public LiveProcesses processes() throws IOException {
    return LiveProcesses.scan(given);
  }

  /** Which pages are advertised where; directories may come and go meanwhile. */
  private static Map<String, RendezvousPath> advertisements(Path store) {
    Map<String, RendezvousPath> found = new HashMap<>();
    // No recursion: the file system allows more levels than a thread's stack, and a path fewer.
    Deque<Path> nodes = new ArrayDeque<>(List.of(store));
    while (!nodes.isEmpty()) {
      Path node = nodes.pop();
      for (Path entry : Leftovers.list(node)) {
        if (entry.endsWith(Keys.FILE)) {
          path(store.relativize(node))
              .ifPresent(path -> advertised(entry).ifPresent(page -> found.put(page, path)));
        } else if (path(store.relativize(entry)).isPresent()) {
          nodes.push(entry);
        }
      }
    }
    return found;
  }

  private static Optional<RendezvousPath> path(Path node) {
    try {
      return Optional.of(new RendezvousPath("/" + node));
    } catch (IllegalArgumentException e) {
      // Not the name of a node, so nobody looks there.
      return Optional.empty();
    }
  }

  /** Which page is advertised in a file, if any. */
  private static Optional<String> advertised(Path file) {
    Optional<Keys> keys;
    try {
      keys = Keys.parse(Keys.read(file));
    } catch (IOException e) {
      // One file that cannot be opened must not hide all channels.
      return Optional.empty();
    }
    Optional<DomainId> server = keys.flatMap(Keys::server);
    Optional<DomainId> client = keys.flatMap(Keys::client);
    if (server.isEmpty() || client.isEmpty()) {
      return Optional.empty();
    }
    Optional<Advertisement> said =
        keys.flatMap(known -> known.advertisement(server.get(), client.get()));
    return said.map(known -> key(server.get(), known.ringRef()));
  }

  private static Optional<LiveChannel> channel(
      PageName name, Path file, Map<String, RendezvousPath> advertised) {
    RendezvousPath shown = advertised.get(key(name.owner(), name.first()));
    Optional<RendezvousPath> path = name.path().or(() -> Optional.ofNullable(shown));
    if (path.isEmpty()) {
      // Pages of a ring, or on their way to be advertised.
      return Optional.empty();
    }
    Content content;
    try {
      content = Uninterrupted.run(() -> content(file));
    } catch (IOException e) {
      if (!Files.exists(file)) {
        return Optional.empty();
      }
      content = new Content(Optional.empty(), false);
    }
    return Optional.of(
        new LiveChannel(
            path.get(),
            name.owner(),
            name.client(),
            name.first(),
            name.path().isEmpty(),
            content.snapshot(),
            content.steady()));
  }

  /** What a file says, as in {@link LiveChannel}. */
  private record Content(Optional<PageSnapshot> snapshot, boolean steady) {}

  private static Content content(Path file) throws IOException {
    ByteBuffer first = ByteBuffer.allocate(PageSnapshot.BYTES);
    ByteBuffer second = ByteBuffer.allocate(PageSnapshot.BYTES);
    try (FileChannel channel = Keys.open(file)) {
      if (!read(channel, first)) {
        return new Content(Optional.empty(), false);
      }
      boolean steady = false;
      for (int reads = 1; reads < MAX_READS && !steady && read(channel, second); reads++) {
        steady = Arrays.equals(first.array(), second.array());
        first.put(0, second, 0, PageSnapshot.BYTES);
      }
      return new Content(Optional.of(PageSnapshot.of(first.rewind())), steady);
    }
  }

  /** Reads the beginning of a page; not through a mapping, which somebody could truncate. */
  private static boolean read(FileChannel channel, ByteBuffer target) throws IOException {
    return channel.read(target.clear(), 0) == PageSnapshot.BYTES;
  }

  /** The same for every name that a page has in its life. */
  static String key(DomainId owner, GrantRef first) {
    return owner + "/" + first;
  }
}
