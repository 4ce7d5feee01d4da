// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Deadline;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Role;
import dev.vchan.testkit.ends.Workers;
import dev.vchan.xen.xenstore.StorePath;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Steps with Debian's vchan-socket-proxy at one end and {@code vchan forward} at the other: a Unix
 * socket in dom0 that a client comes to, another in domU at which a service is.
 */
final class LabProxies {

  private static final long SIZE = 4 << 20;
  private static final int CHUNK = 1 << 16;
  private static final long QUESTION = 5;
  private static final long ANSWER = 6;

  /** A JVM may have to start meanwhile. */
  private static final Duration PATIENCE = Duration.ofSeconds(150);

  private LabProxies() {}

  static List<LabStep> steps() {
    return List.of(
        new LabStep(
            "vchan forward in dom0 connects to vchan-socket-proxy in domU, 4 MiB each way",
            (site, port) -> ask(site, port, Role.SERVER),
            (site, port) -> serve(site, port, Role.SERVER)),
        new LabStep(
            "vchan-socket-proxy in dom0 connects to vchan forward in domU, 4 MiB each way",
            (site, port) -> ask(site, port, Role.CLIENT),
            (site, port) -> serve(site, port, Role.CLIENT)));
  }

  /** In dom0, where the vchan's client is. */
  private static String ask(LabSite site, String port, Role proxy) throws Exception {
    Path front = Path.of("/tmp", port);
    String domain = site.other().toString();
    String path = site.path(Role.CLIENT, port).toString();
    Process process =
        proxy == Role.CLIENT
            ? start("/bin/vchan-socket-proxy", "--mode=client", domain, path, front.toString())
            : start("/bin/vchan", "--backend=xen", "forward", "unix:" + front, domain, path);
    try (SocketChannel client = connect(front)) {
      // As a server the proxy sleeps over what comes before it has taken the client's first event.
      site.awaitReport(port + "-accepted");
      bounded(() -> write(client, QUESTION));
      bounded(() -> read(client, ANSWER));
    } finally {
      stop(process);
    }
    return "";
  }

  /** In domU, where the vchan's server is. */
  private static String serve(LabSite site, String port, Role proxy) throws Exception {
    Path place = Path.of("/tmp", port);
    String domain = site.other().toString();
    String path = site.path(Role.SERVER, port).toString();
    try (ServerSocketChannel service =
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of(place))) {
      Process process =
          proxy == Role.SERVER
              ? start("/bin/vchan-socket-proxy", "--mode=server", domain, path, place.toString())
              : start("/bin/vchan", "--backend=xen", "forward", domain, path, "unix:" + place);
      try (SocketChannel server = bounded(service::accept)) {
        site.report(port + "-accepted", "ok");
        bounded(() -> read(server, QUESTION));
        bounded(() -> write(server, ANSWER));
        // The client ends first: the proxy tells nobody that its service has ended.
        if (bounded(() -> server.read(ByteBuffer.allocate(1))) != -1) {
          throw new AssertionError("bytes out of nowhere");
        }
      } finally {
        stop(process);
      }
    } finally {
      // The proxy knows no end but by a signal, and leaves what it advertised.
      site.store().nodes(Hub.soon()).remove(new StorePath(path));
    }
    return "";
  }

  private static Process start(String... command) throws IOException {
    return new ProcessBuilder(command).inheritIO().start();
  }

  private static void stop(Process process) throws InterruptedException {
    boolean ran = process.isAlive();
    process.destroy();
    process.waitFor();
    if (!ran) {
      throw new AssertionError(process + " ended by itself");
    }
  }

  private static SocketChannel connect(Path place) throws IOException, InterruptedException {
    Deadline deadline = Deadline.after(PATIENCE);
    while (true) {
      try {
        return SocketChannel.open(UnixDomainSocketAddress.of(place));
      } catch (IOException e) {
        if (deadline.remainingNanos() == 0) {
          throw e;
        }
        Thread.sleep(100);
      }
    }
  }

  private interface Deed<T> {
    T run() throws IOException;
  }

  /** A deed that does not end in time is a failure. */
  private static <T> T bounded(Deed<T> deed) throws Exception {
    Pending<T> pending = Workers.PLATFORM.start(deed::run);
    return pending.get();
  }

  private static boolean write(SocketChannel to, long seed) throws IOException {
    Patterns pattern = new Patterns(seed);
    while (pattern.position() < SIZE) {
      ByteBuffer bytes = pattern.next(CHUNK);
      while (bytes.hasRemaining()) {
        to.write(bytes);
      }
    }
    return true;
  }

  private static boolean read(SocketChannel from, long seed) throws IOException {
    Patterns pattern = new Patterns(seed);
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    while (pattern.position() < SIZE) {
      buffer.clear().limit((int) Math.min(CHUNK, SIZE - pattern.position()));
      if (from.read(buffer) < 0) {
        throw new AssertionError("the end after " + pattern.position() + " bytes");
      }
      pattern.check(buffer.flip());
    }
    return true;
  }
}
