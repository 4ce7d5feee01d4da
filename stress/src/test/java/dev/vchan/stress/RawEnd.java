// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.vchan.testkit.InterfacePage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channel;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.FileLock;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * One end of a channel in the hands of a vandal: files mapped and a socket connected by the local
 * transport's document, the page by the offsets of Xen's header. Used by one thread.
 */
final class RawEnd implements AutoCloseable {

  private static final int PAGE = 4096;
  private static final int HELLO = 32;
  private static final int OWN_PORT = 77;
  static final byte EVENT = 1;

  private final Arena arena = Arena.ofShared();
  private final List<FileChannel> files = new ArrayList<>();
  private final List<FileLock> locks = new ArrayList<>();
  private final List<Path> names = new ArrayList<>();
  private final boolean server;
  private SocketChannel socket;
  private InterfacePage page;
  private MemorySegment left;
  private MemorySegment right;

  private RawEnd(boolean server) {
    this.server = server;
  }

  /** A connection to what the victim advertises, and nothing said; null if nothing is. */
  static SocketChannel dial(RawPlace place, Map<String, String> advertised) throws IOException {
    int port = Integer.parseInt(advertised.get("event-channel"));
    return SocketChannel.open(UnixDomainSocketAddress.of(place.socket(place.victim(), port)));
  }

  /** A client that has come as it should. */
  static RawEnd client(RawPlace place, Map<String, String> advertised, boolean enters)
      throws IOException {
    RawEnd end = new RawEnd(false);
    try {
      end.come(place, advertised, enters);
      return end;
    } catch (IOException | RuntimeException e) {
      end.close();
      throw e;
    }
  }

  private void come(RawPlace place, Map<String, String> advertised, boolean enters)
      throws IOException {
    int port = Integer.parseInt(advertised.get("event-channel"));
    int reference = Integer.parseInt(advertised.get("ring-ref"));
    // While it has its name: the server takes that away as soon as it has a client.
    MemorySegment control = map(place, place.victim(), reference, PAGE);
    socket = dial(place, advertised);
    write(hello(place, OWN_PORT, port));
    readHello();
    page = new InterfacePage(control);
    int leftOrder = page.load16(InterfacePage.LEFT_ORDER);
    int rightOrder = page.load16(InterfacePage.RIGHT_ORDER);
    left = mapRing(place, leftOrder, 0);
    right = mapRing(place, rightOrder, leftOrder < 12 ? 0 : 1 << leftOrder - 12);
    if (enters) {
      page.store8(InterfacePage.CLI_LIVE, 1);
      page.store8(InterfacePage.SRV_NOTIFY, InterfacePage.NOTIFY_WRITE);
    }
    write(new byte[] {EVENT});
  }

  /** A server that has waited for the victim. */
  static RawEnd server(RawPlace place, String port, Random random) throws IOException {
    RawEnd end = new RawEnd(true);
    try {
      end.await(place, port, random);
      return end;
    } catch (IOException | RuntimeException e) {
      end.close();
      throw e;
    }
  }

  private void await(RawPlace place, String name, Random random) throws IOException {
    int reference = 256 * (1 + random.nextInt(1 << 22));
    int port = 1 + random.nextInt(1 << 30);
    int order = random.nextBoolean() ? 10 : 12;
    int otherOrder = random.nextBoolean() ? 11 : 14;
    locks.add(place.lockPath(name));
    locks.add(place.lockPort(port));
    page = new InterfacePage(create(place, reference, PAGE));
    page.store16(InterfacePage.LEFT_ORDER, order);
    page.store16(InterfacePage.RIGHT_ORDER, otherOrder);
    left = createRing(place, order, reference + 256, 0);
    right = createRing(place, otherOrder, reference + 512, order < 12 ? 0 : 1);
    page.store8(InterfacePage.CLI_LIVE, 2);
    page.store8(InterfacePage.SRV_LIVE, 1);
    page.store8(InterfacePage.CLI_NOTIFY, InterfacePage.NOTIFY_WRITE);
    Path door = place.socket(place.self(), port);
    Files.createDirectories(door.resolveSibling(""));
    names.add(door);
    try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listening.bind(UnixDomainSocketAddress.of(door));
      place.advertise(name, "ring-ref=%d\nevent-channel=%d\n".formatted(reference, port));
      socket = listening.accept();
    }
    int calling = readHello();
    place.withdraw(name);
    write(hello(place, port, calling));
  }

  /**
   * An end with nobody at the other one, who reads what is sent and has nothing to do with anybody.
   */
  static RawEnd alone(Path folder) throws IOException {
    RawEnd end = new RawEnd(true);
    Path door = Files.createTempDirectory(folder, "alone").resolve("door");
    end.names.add(door);
    end.names.add(door.resolveSibling(""));
    end.page = new InterfacePage(end.arena.allocate(PAGE, PAGE));
    end.left = end.arena.allocate(PAGE);
    end.right = end.arena.allocate(PAGE);
    try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listening.bind(UnixDomainSocketAddress.of(door));
      end.socket = SocketChannel.open(UnixDomainSocketAddress.of(door));
      SocketChannel other = listening.accept();
      Thread.ofPlatform().daemon().start(() -> drain(other));
    }
    return end;
  }

  private static void drain(SocketChannel other) {
    ByteBuffer in = ByteBuffer.allocateDirect(PAGE);
    try (other) {
      while (other.read(in.clear()) >= 0) {}
    } catch (IOException e) {
      // The end was closed with bytes under way.
      return;
    }
  }

  private MemorySegment create(RawPlace place, int reference, long bytes) throws IOException {
    locks.add(place.lockPages(reference));
    Path file = place.pages(place.self(), reference);
    Files.createDirectories(file.resolveSibling(""));
    names.add(file);
    Files.write(file, new byte[Math.toIntExact(bytes)], CREATE_NEW);
    return map(place, place.self(), reference, bytes);
  }

  private MemorySegment createRing(RawPlace place, int order, int reference, int firstGrant)
      throws IOException {
    if (order < 12) {
      return page.memory().asSlice(1L << order, 1L << order);
    }
    for (int i = 0; i < 1 << order - 12; i++) {
      page.store32(InterfacePage.GRANTS + 4 * (firstGrant + i), reference + i);
    }
    return create(place, reference, 1L << order);
  }

  private MemorySegment mapRing(RawPlace place, int order, int firstGrant) throws IOException {
    if (order < 12) {
      return page.memory().asSlice(1L << order, 1L << order);
    }
    int reference = page.load32(InterfacePage.GRANTS + 4 * firstGrant);
    return map(place, place.victim(), reference, 1L << order);
  }

  private MemorySegment map(RawPlace place, int owner, int reference, long bytes)
      throws IOException {
    FileChannel file = FileChannel.open(place.pages(owner, reference), READ, WRITE);
    files.add(file);
    return file.map(MapMode.READ_WRITE, 0, bytes, arena);
  }

  private static byte[] hello(RawPlace place, int own, int peer) {
    return ByteBuffer.allocate(HELLO)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put("vchanevt".getBytes(US_ASCII))
        .putShort((short) 1)
        .putShort((short) 0)
        .putShort((short) place.self())
        .putShort((short) place.victim())
        .putInt(own)
        .putInt(peer)
        .array();
  }

  /** The port that it comes from. */
  private int readHello() throws IOException {
    ByteBuffer in = ByteBuffer.allocate(HELLO).order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      if (socket.read(in) < 0) {
        throw new IOException("hung up");
      }
    }
    if (in.getShort(10) != 0) {
      throw new IOException("refused with " + in.getShort(10));
    }
    return in.getInt(16);
  }

  private void write(byte[] bytes) throws IOException {
    for (ByteBuffer out = ByteBuffer.wrap(bytes); out.hasRemaining(); ) {
      socket.write(out);
    }
  }

  InterfacePage page() {
    return page;
  }

  SocketChannel socket() {
    return socket;
  }

  /** The files under the page and the rings, to be cut. */
  List<FileChannel> files() {
    return files;
  }

  MemorySegment ringIntoVictim() {
    return server ? right : left;
  }

  MemorySegment ringFromVictim() {
    return server ? left : right;
  }

  int ownProducer() {
    return server ? InterfacePage.RIGHT_PROD : InterfacePage.LEFT_PROD;
  }

  int victimConsumer() {
    return server ? InterfacePage.RIGHT_CONS : InterfacePage.LEFT_CONS;
  }

  int ownConsumer() {
    return server ? InterfacePage.LEFT_CONS : InterfacePage.RIGHT_CONS;
  }

  int victimProducer() {
    return server ? InterfacePage.LEFT_PROD : InterfacePage.RIGHT_PROD;
  }

  int ownLive() {
    return server ? InterfacePage.SRV_LIVE : InterfacePage.CLI_LIVE;
  }

  int victimLive() {
    return server ? InterfacePage.CLI_LIVE : InterfacePage.SRV_LIVE;
  }

  @Override
  public void close() throws IOException {
    arena.close();
    for (Path name : names) {
      Files.deleteIfExists(name);
    }
    for (FileLock lock : locks) {
      lock.release();
    }
    for (Channel file : files) {
      file.close();
    }
    if (socket != null) {
      socket.close();
    }
  }
}
