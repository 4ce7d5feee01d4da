// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.spi.Parking;
import dev.vchan.testkit.Patterns;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** What a {@link ChildProcess} does: its arguments are a command, a directory, and own domain. */
final class ChildMain {

  static final PortName PORT = new PortName("child");
  static final DomainId SERVER = DomainId.DOM0;
  static final DomainId CLIENT = new DomainId(1);
  static final int LARGEST_WRITE = 5000;

  private ChildMain() {}

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("call")) {
      call(Path.of(arguments[1]), Integer.parseInt(arguments[2]));
      return;
    }
    if (arguments[0].equals("pose")) {
      pose(Path.of(arguments[1]));
      return;
    }
    Path root = Path.of(arguments[1]);
    try (LocalBackend backend = LocalBackend.open(root, DomainId.parse(arguments[2]))) {
      switch (arguments[0]) {
        case "listen" -> listen(backend, VchanOptions.DEFAULTS);
        case "listen-large" ->
            listen(backend, VchanOptions.DEFAULTS.withSizes(RingSizes.both(1 << 20)));
        case "write" -> writeUntilKilled(backend, Path.of(arguments[3]));
        case "echo" -> echo(backend);
        case "starve" -> starve(backend);
        default -> throw new IllegalArgumentException(arguments[0]);
      }
    } catch (IOException e) {
      System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
      System.exit(1);
    }
  }

  /** Says a proper hello to a socket, and tells what came of it. */
  private static void call(Path socket, int port) throws IOException {
    try (RawPeer server = new RawPeer(SocketChannel.open(UnixDomainSocketAddress.of(socket)))) {
      int came;
      try {
        server.write(RawPeer.hello(1, 0, 1, 0, 77, port, 0));
        came = server.read(32).length;
      } catch (IOException e) {
        // Hung up on before all was said.
        came = 0;
      }
      System.out.println(came + " bytes came, then the end");
    }
  }

  /** Listens in the place of a server, until standard input ends. */
  private static void pose(Path socket) throws IOException {
    try (ServerSocketChannel door = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      door.bind(UnixDomainSocketAddress.of(socket));
      System.out.println("posing");
      System.in.read();
    }
  }

  /** Listens until standard input ends, without ever accepting. */
  private static void listen(LocalBackend backend, VchanOptions options) throws IOException {
    try (VchanListener listener = VchanListener.open(backend, CLIENT, PORT, options)) {
      System.out.println("listening at " + listener.path());
      System.in.read();
    }
  }

  /** Has no descriptor left when a client comes, for a second; then has, and accepts it. */
  private static void starve(LocalBackend backend) throws IOException {
    try (VchanListener listener =
        VchanListener.open(backend, CLIENT, PORT, VchanOptions.DEFAULTS)) {
      List<FileChannel> hoard = new ArrayList<>();
      // Loads the class while there is a descriptor to read it with.
      Parking.pause(hoard, 1);
      long idle = backend.dispatcherTurns();
      try {
        for (; ; ) {
          hoard.add(FileChannel.open(Path.of("/dev/null")));
        }
      } catch (IOException e) {
        System.out.println("starving");
      }
      while (backend.dispatcherTurns() == idle) {
        Parking.pause(hoard, TimeUnit.MILLISECONDS.toNanos(10));
      }
      long before = backend.dispatcherTurns();
      Parking.pause(hoard, TimeUnit.SECONDS.toNanos(1));
      long turns = backend.dispatcherTurns() - before;
      for (FileChannel each : hoard) {
        each.close();
      }
      System.out.println(turns);
      try (Vchan channel = listener.accept(Deadline.NEVER)) {
        channel.write(ByteBuffer.wrap(new byte[] {42}));
        channel.drain(Deadline.NEVER);
      }
    }
  }

  private static Vchan meet(LocalBackend backend) throws IOException {
    return backend.self().equals(SERVER)
        ? Vchan.listen(backend, CLIENT, PORT, VchanOptions.DEFAULTS, Deadline.NEVER)
        : Vchan.connect(backend, SERVER, PORT, VchanOptions.DEFAULTS, Deadline.NEVER);
  }

  /** Writes without end, and notes in a file how many bytes it has published for certain. */
  private static void writeUntilKilled(LocalBackend backend, Path progress) throws IOException {
    Patterns pattern = new Patterns(1);
    Random random = new Random();
    try (Vchan channel = meet(backend);
        FileChannel file =
            FileChannel.open(
                progress,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      MappedByteBuffer published = file.map(FileChannel.MapMode.READ_WRITE, 0, Long.BYTES);
      published.order(ByteOrder.nativeOrder());
      System.out.println("connected");
      for (; ; ) {
        channel.write(pattern.next(1 + random.nextInt(LARGEST_WRITE)));
        published.putLong(0, pattern.position());
      }
    }
  }

  /** Sends back what comes, until the end. */
  private static void echo(LocalBackend backend) throws IOException {
    try (Vchan channel = meet(backend)) {
      channel.inputStream().transferTo(channel.outputStream());
      channel.drain(Deadline.NEVER);
    }
    System.out.println("done");
  }
}
