// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.Deadline;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.cli.demo.Children;
import dev.vchan.cli.demo.Comparison;
import dev.vchan.cli.demo.DemoFile;
import dev.vchan.cli.demo.WorkDirectory;
import dev.vchan.cli.transfer.Figures;
import dev.vchan.local.LocalBackend;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.ProcessBuilder.Redirect;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Shows in less than a minute what this is and whether it works here. */
@Command(
    name = "demo",
    description = {
      "Start two processes, measure a vchan between them beside a Unix-domain socket, then send a"
          + " file from one process to another and compare SHA-256. Succeeds only if the sums are"
          + " equal."
    },
    footer = {
      "",
      "Examples:",
      "  vchan demo                          with 256 MiB of random bytes",
      "  vchan demo ~/Videos/film.mkv        with a file of yours; it is only read",
      "  vchan demo --size 16M               shorter"
    })
final class DemoCommand implements Callable<Integer> {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final VchanOptions LARGEST_RINGS =
      VchanOptions.DEFAULTS.withSizes(RingSizes.both(RingSizes.MAX_BYTES));
  private static final long LEAST_STREAM = 16 << 20;
  private static final long MOST_STREAM = 256 << 20;

  @ParentCommand private @Nullable VchanCommand common;

  @Parameters(arity = "0..1", paramLabel = "FILE", description = "The file to send.")
  private @Nullable Path file;

  @Option(
      names = "--size",
      paramLabel = "BYTES",
      converter = Converters.Bytes.class,
      description = "Size of the file that is made if none is given. Default: 256M.")
  private long size = 256 << 20;

  @Override
  public Integer call() throws IOException {
    if (size < 0) {
      throw vchan().usage(new IllegalArgumentException("--size " + size + " is negative"));
    }
    if (file != null && !Files.isRegularFile(file)) {
      throw new CommandFailure(ExitCodes.FAILED, "no such file: " + file);
    }
    try (WorkDirectory work = WorkDirectory.make();
        Children children = new Children()) {
      Interruption.onInterrupt(
          () -> {
            children.end();
            DemoFile.deleteAll(work.path());
            return false;
          });
      return run(work.path(), children);
    }
  }

  private VchanCommand vchan() {
    return Objects.requireNonNull(common);
  }

  private int run(Path work, Children children) throws IOException {
    PrintStream out = System.out;
    String name = "demo-" + ProcessHandle.current().pid();
    out.println("1. The channel alone, from memory to memory, between two processes");
    String domain = compare(out, name, work, children);
    out.println();
    out.println("2. A file, from 'vchan send' to 'vchan receive'");
    DemoFile sample = file == null ? DemoFile.make(work, size) : DemoFile.of(file);
    sample.describe(out);
    sample.measureAlone(out, work);
    Path arrived = send(out, domain, name, sample, work, children);
    boolean equal = sample.compare(out, arrived);
    out.println();
    String command = System.getProperty("vchan.command", "vchan");
    out.println("Next:");
    out.println("  " + command + " listen hello      in one terminal, and in another");
    out.println("  " + command + " connect hello     type, and see it there");
    out.println("  " + command + " send --help       files between processes of yours");
    out.println("  " + command + " forward --help    TCP and Unix sockets over a channel");
    return equal ? ExitCodes.DONE : ExitCodes.FAILED;
  }

  /** Measures, and says which domain this is. */
  private String compare(PrintStream out, String name, Path work, Children children)
      throws IOException {
    Path socketPath = work.resolve("socket");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        LocalBackend backend =
            vchan()
                .openLocalBackend(
                    "the demo starts two processes of one domain, which Xen does not join");
        VchanListener listener =
            VchanListener.open(
                backend,
                backend.self(),
                new PortName(name),
                vchan().listenOptions(backend, LARGEST_RINGS))) {
      server.bind(UnixDomainSocketAddress.of(socketPath));
      String domain = backend.self().toString();
      Process peer =
          children.start(
              Main.class,
              Redirect.INHERIT,
              "demo-peer",
              "--backend=" + backend.name(),
              "--domid=" + domain,
              domain,
              name,
              socketPath.toString());
      try (Vchan vchan = listener.accept(Deadline.after(PATIENCE));
          SocketChannel socket = server.accept()) {
        out.printf(
            "  processes %d and %d; rings of %s and %s%n",
            ProcessHandle.current().pid(),
            peer.pid(),
            Figures.bytes(vchan.incomingCapacity()),
            Figures.bytes(vchan.outgoingCapacity()));
        long bytes = Math.clamp(size, LEAST_STREAM, MOST_STREAM);
        new Comparison(vchan, socket, bytes).print(out);
      }
      children.await(peer);
      return domain;
    }
  }

  private Path send(
      PrintStream out, String domain, String name, DemoFile sample, Path work, Children children)
      throws IOException {
    Path directory = Files.createDirectory(work.resolve("arrived"));
    Path log = work.resolve("receive.log");
    long began = System.nanoTime();
    Process receiver =
        children.start(
            Main.class,
            Redirect.to(log.toFile()),
            "receive",
            "--backend=local",
            "--domid=" + domain,
            "--hidden",
            "--progress=none",
            domain,
            name,
            directory.toString());
    awaitFirstLine(receiver, log);
    Process sender =
        children.start(
            Main.class,
            Redirect.INHERIT,
            "send",
            "--backend=local",
            "--domid=" + domain,
            sample.path().toString(),
            domain,
            name);
    int sent = children.await(sender);
    int received = children.await(receiver);
    if (sent != 0 || received != 0) {
      throw new CommandFailure(
          ExitCodes.FAILED,
          "send ended with %d, receive with %d: %s"
              .formatted(sent, received, Files.readString(log).strip()));
    }
    sample.sent(out, System.nanoTime() - began);
    return directory.resolve(sample.path().getFileName());
  }

  /** The receiver says where it listens; a sender that comes before that would say it waits. */
  private static void awaitFirstLine(Process receiver, Path log) throws IOException {
    try {
      while (Files.size(log) == 0 && !receiver.waitFor(20, TimeUnit.MILLISECONDS)) {
        // It ends if it cannot listen.
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
