// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.spi.MemoryFaults;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Reads and writes in hot loops while the files under the pages are truncated. A process of its
 * own, because a fault that the JVM does not survive would take the tests along. Prints what came
 * out of the loops, a line a round: of the looker alone, or of reader and writer.
 *
 * <p>Arguments: directory, number of rounds, seed. With a fourth one it tries the guard alone,
 * which {@code unguarded} takes away.
 */
final class TruncationVictim {

  private static final DomainId SERVER = new DomainId(1);
  private static final DomainId CLIENT = new DomainId(2);
  private static final PortName PORT = new PortName("cut");

  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

  private TruncationVictim() {}

  public static void main(String[] args) throws Exception {
    Path root = Path.of(args[0]);
    if (args.length > 3) {
      System.out.println(bare(root, args[3].equals("guarded")));
      return;
    }
    Random random = new Random(Long.parseLong(args[2]));
    for (int round = 0; round < Integer.parseInt(args[1]); round++) {
      System.out.println(round(root, random, round % 2 == 0));
    }
  }

  /** Where the error comes out of a hot loop over a call so small that nothing of it is left. */
  private static String bare(Path root, boolean guarded) throws Exception {
    Path file = Files.createTempFile(root, "bare", "");
    Files.write(file, new byte[4096]);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MemorySegment page = channel.map(FileChannel.MapMode.READ_WRITE, 0, 4096, Arena.ofAuto());
      Thread.ofPlatform()
          .daemon()
          .start(
              () -> {
                LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
                try {
                  channel.truncate(0);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      try {
        while (guarded ? guardedAccess(page) : access(page)) {
          Thread.onSpinWait();
        }
        return "inside";
      } catch (InternalError e) {
        return "outside";
      }
    }
  }

  private static boolean guardedAccess(MemorySegment page) {
    try {
      INT.setRelease(page, 0L, (int) INT.getAcquire(page, 4L));
      MemoryFaults.surface();
      return true;
    } catch (InternalError e) {
      return false;
    }
  }

  private static boolean access(MemorySegment page) {
    try {
      INT.setRelease(page, 0L, (int) INT.getAcquire(page, 4L));
      return true;
    } catch (InternalError e) {
      return false;
    }
  }

  /** The ring from the server, which nobody writes to, lies in the page; so each file is in use. */
  private static String round(Path root, Random random, boolean looking) throws Exception {
    Deadline soon = Deadline.after(Duration.ofSeconds(30));
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(new RingSizes(64 * 1024, 0));
    try (LocalBackend ours = LocalBackend.open(root, SERVER);
        LocalBackend theirs = LocalBackend.open(root, CLIENT);
        VchanListener listener = VchanListener.open(ours, CLIENT, PORT, options)) {
      // Opened before the client comes, since their names go when it has come.
      List<FileChannel> files = files(root.resolve("gnt").resolve(SERVER.toString()));
      Vchan client = Vchan.connect(theirs, SERVER, PORT, options, soon);
      Vchan server = listener.accept(soon);
      List<CompletableFuture<String>> loops = new ArrayList<>();
      if (looking) {
        loops.add(start(() -> look(client)));
      } else {
        int size = 1 + random.nextInt(5000);
        loops.add(start(() -> read(server, size)));
        loops.add(start(() -> write(client, size)));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100 + random.nextInt(200)));
      int chosen = random.nextInt(files.size());
      for (int i = 0; i < files.size(); i++) {
        if (looking || i == chosen) {
          files.get(i).truncate(0);
        }
        files.get(i).close();
      }
      StringBuilder outcome = new StringBuilder();
      for (CompletableFuture<String> loop : loops) {
        outcome.append(loop.get(30, TimeUnit.SECONDS)).append(' ');
      }
      server.close();
      client.close();
      return outcome.toString();
    }
  }

  /** The files of pages; beside them lie locks, which are empty. */
  private static List<FileChannel> files(Path directory) throws IOException {
    List<FileChannel> channels = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory)) {
      for (Path file : found) {
        if (Files.size(file) > 0) {
          channels.add(FileChannel.open(file, StandardOpenOption.WRITE));
        }
      }
    }
    return channels;
  }

  private static void read(Vchan channel, int size) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(size);
    while (channel.read(buffer.clear()) >= 0) {
      if (channel.dataReady() < 0) {
        throw new AssertionError("negative");
      }
    }
  }

  private static void write(Vchan channel, int size) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(size);
    for (; ; ) {
      channel.write(buffer.clear());
    }
  }

  /**
   * Looks at the page and nothing else, which leaves a late error nowhere to come out on the way.
   */
  private static void look(Vchan channel) throws IOException {
    while (channel.bufferSpace() >= 0) {
      Thread.onSpinWait();
    }
  }

  /** In its own frame, as an application's loop is: nothing here expects an error. */
  private static CompletableFuture<String> start(Loop loop) {
    CompletableFuture<String> outcome = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                loop.run();
                outcome.complete("END");
              } catch (Throwable e) {
                outcome.complete(e.getClass().getSimpleName());
              }
            });
    return outcome;
  }

  private interface Loop {
    void run() throws IOException;
  }
}
