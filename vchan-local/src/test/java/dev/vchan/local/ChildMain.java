// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.testkit.Patterns;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** What a {@link ChildProcess} does: its arguments are a command, a directory, and own domain. */
final class ChildMain {

  static final PortName PORT = new PortName("child");
  static final DomainId SERVER = DomainId.DOM0;
  static final DomainId CLIENT = new DomainId(1);
  static final int LARGEST_WRITE = 5000;

  private ChildMain() {}

  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[1]);
    try (LocalBackend backend = LocalBackend.open(root, DomainId.parse(arguments[2]))) {
      switch (arguments[0]) {
        case "listen" -> listen(backend, VchanOptions.DEFAULTS);
        case "listen-large" ->
            listen(backend, VchanOptions.DEFAULTS.withSizes(RingSizes.both(1 << 20)));
        case "write" -> writeUntilKilled(backend, Path.of(arguments[3]));
        case "echo" -> echo(backend);
        default -> throw new IllegalArgumentException(arguments[0]);
      }
    } catch (IOException e) {
      System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
      System.exit(1);
    }
  }

  /** Listens until standard input ends, without ever accepting. */
  private static void listen(LocalBackend backend, VchanOptions options) throws IOException {
    try (VchanListener listener = VchanListener.open(backend, CLIENT, PORT, options)) {
      System.out.println("listening at " + listener.path());
      System.in.read();
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
