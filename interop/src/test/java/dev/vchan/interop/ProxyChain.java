// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.cli.Main;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A Unix socket that clients come to, another at which a service is, and between the two Debian's
 * vchan-socket-proxy and our {@code vchan forward} with a vchan. The proxy is beside the service if
 * it is the vchan's server, and beside the clients if it is its client.
 */
final class ProxyChain implements AutoCloseable {

  /** Of the flags that the system shows. */
  private static final String LISTENING = " 00010000 ";

  private final Hub hub = new Hub();
  private final Path front;
  private final Daemon proxy;
  private final Daemon forward;

  ProxyChain(Path folder, Role proxysRole, Path service) throws IOException {
    front = folder.resolve("front");
    boolean proxyServes = proxysRole == Role.SERVER;
    String path = Hub.path(proxyServes ? Hub.C : Hub.JAVA, "proxy").toString();
    proxy =
        new Daemon(
            folder.resolve("said-by-proxy"),
            Map.of(
                "LD_PRELOAD",
                Programs.shim().toString(),
                "VCHAN_DIR",
                hub.root().toString(),
                "VCHAN_DOMID",
                Hub.C.toString()),
            List.of(
                Programs.proxy().toString(),
                proxyServes ? "--mode=server" : "--mode=client",
                Hub.JAVA.toString(),
                path,
                (proxyServes ? service : front).toString()));
    List<String> operands =
        proxyServes
            ? List.of("unix:" + front, Hub.C.toString(), path)
            : List.of(Hub.C.toString(), path, "unix:" + service);
    forward =
        new Daemon(
            folder.resolve("said-by-forward"),
            Map.of("VCHAN_DIR", hub.root().toString()),
            command(operands));
  }

  private static List<String> command(List<String> operands) {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(List.of("--illegal-native-access=deny", "-XX:+UseSerialGC", "-cp"));
    line.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    line.addAll(List.of(Main.class.getName(), "--domid", Hub.JAVA.toString(), "-v", "forward"));
    line.addAll(operands);
    return line;
  }

  /** Where clients come to, as soon as they can. */
  Path front() {
    Watchdog.until(this::said, this::isListening);
    return front;
  }

  /** A socket's file is there before it listens, and who tries to connect would be served. */
  private boolean isListening() {
    try (Stream<String> sockets = Files.lines(Path.of("/proc/net/unix"))) {
      return sockets.anyMatch(line -> line.endsWith(" " + front) && line.contains(LISTENING));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(front()));
  }

  /** What our side said: who came, what failed, how many bytes went each way. */
  String said() {
    return forward.said();
  }

  @Override
  public void close() throws IOException, InterruptedException {
    try (hub) {
      try (proxy;
          forward) {
        // Whoever was served is so no longer: the tests have seen the end at both sockets.
      }
      // The proxy knows no end but by a signal, and leaves what the next to come must remove.
      hub.open().close();
    }
  }
}
