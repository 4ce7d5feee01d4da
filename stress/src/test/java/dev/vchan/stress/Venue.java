// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.local.LocalBackend;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The sides of a run that are in this process: both, or one of them. A side that fails ends the
 * process, since the other would wait for it.
 */
final class Venue implements AutoCloseable {

  static final String BOTH = "both";
  static final String SERVER = "server";
  static final String CLIENT = "client";

  static final DomainId SERVERS = DomainId.DOM0;
  static final DomainId CLIENTS = new DomainId(1);
  static final PortName PORT = new PortName("stress");

  private final InProcessHost host = new InProcessHost();
  private final @Nullable Backend server;
  private final @Nullable Backend client;

  /**
   * Opens the backends.
   *
   * @param role {@link #BOTH}, in memory of this JVM; {@link #SERVER} or {@link #CLIENT}
   * @param root where two processes meet
   */
  Venue(String role, String root) throws Exception {
    server = backend(SERVERS, role, SERVER, root);
    client = backend(CLIENTS, role, CLIENT, root);
  }

  private @Nullable Backend backend(DomainId domain, String role, String own, String root)
      throws Exception {
    if (role.equals(BOTH)) {
      return host.domain(domain);
    }
    return role.equals(own) ? LocalBackend.open(Path.of(root), domain) : null;
  }

  /** What the JDK opens once, and keeps, is nobody's leak afterwards. */
  static void warmUp(String role, String root) throws IOException {
    if (!role.equals(BOTH)) {
      Path elsewhere = Path.of(root).resolveSibling("warm-" + role);
      try (LocalBackend server = LocalBackend.open(elsewhere, SERVERS);
          LocalBackend client = LocalBackend.open(elsewhere, CLIENTS)) {
        KillVictim.warmUp(server, client);
      }
    }
  }

  /** What a side does. */
  interface Work {
    void on(Backend backend) throws Exception;
  }

  /** Does what the sides here have to do, each on a thread of its own, and waits for them. */
  void play(Thread.Builder threads, Work serving, Work visiting) throws InterruptedException {
    List<Thread> started = new ArrayList<>();
    start(threads, server, serving).ifPresent(started::add);
    start(threads, client, visiting).ifPresent(started::add);
    for (Thread each : started) {
      each.join();
    }
  }

  private static Optional<Thread> start(
      Thread.Builder threads, @Nullable Backend backend, Work work) {
    return Optional.ofNullable(backend).map(own -> threads.start(() -> run(work, own)));
  }

  private static void run(Work work, Backend backend) {
    try {
      work.on(backend);
    } catch (Throwable e) {
      e.printStackTrace();
      stop("failed: " + e);
    }
  }

  /** Ends this process at once, whoever waits in it, with a line that says why. */
  static void stop(String why) {
    System.err.println(Watchdog.threads());
    System.out.println(why.replaceAll("\\s+", " "));
    System.out.flush();
    Runtime.getRuntime().halt(1);
  }

  /** What is still taken from the machine in memory. */
  List<String> leftovers() {
    return host.leftovers();
  }

  @Override
  public void close() throws Exception {
    try (server) {
      if (client != null) {
        client.close();
      }
    }
  }
}
