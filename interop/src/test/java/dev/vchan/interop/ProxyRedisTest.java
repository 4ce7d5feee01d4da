// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.ends.Role;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A service that people use, with its own benchmark in front, and Debian's vchan-socket-proxy at
 * one end of the vchan between them.
 */
@Timeout(300)
class ProxyRedisTest {

  private static final String REQUESTS = Figures.FULL ? "100000" : "3000";

  @TempDir private Path folder;

  /**
   * The proxy serves one client at a time. {@code -c 1} is all that takes: the benchmark first has
   * a connection to ask for the server's settings, then one for each of its tests, and closes each
   * before it opens the next.
   */
  @Test
  void itsBenchmarkRunsWithTheProxyInFront() throws Exception {
    Path redis = folder.resolve("redis.sock");
    try (Daemon server = start(redis);
        ProxyChain chain = new ProxyChain(folder, Role.CLIENT, redis)) {
      runsAt(chain.front());
      assertThat(chain.said()).doesNotContain("failed", "reset", "Broken");
    }
  }

  /**
   * The benchmark speaks at once, over which the proxy sleeps as a server: with a proxy at both
   * ends the same benchmark hangs in most runs. So it is made to wait for its turn.
   */
  @Test
  void itsBenchmarkRunsWithTheProxyBesideTheServer() throws Exception {
    Path redis = folder.resolve("redis.sock");
    Turnstile turnstile = new Turnstile(folder);
    try (Daemon server = start(redis);
        ProxyChain chain = new ProxyChain(folder, Role.SERVER, turnstile.back())) {
      try (turnstile) {
        turnstile.open(chain::connect, redis);
        runsAt(turnstile.front());
      }
      assertThat(chain.said()).doesNotContain("failed", "reset", "Broken");
    }
  }

  private Daemon start(Path socket) throws Exception {
    String program = Programs.onPath("redis-server").toString();
    Daemon server =
        new Daemon(
            folder.resolve("said-by-redis"),
            Map.of(),
            List.of(program, "--port", "0", "--unixsocket", socket.toString(), "--save", ""));
    Watchdog.until(server::said, () -> server.said().contains("ready to accept connections"));
    return server;
  }

  private static void runsAt(Path front) throws Exception {
    benchmark(front, "ping,set,get,lpush,lrange_100", "-n", REQUESTS, "-d", "100");
    benchmark(front, "ping,set,get", "-n", REQUESTS, "-d", "1000", "-P", "16");
    benchmark(front, "set,get", "-n", "50", "-d", "100000");
    assertThat(Programs.run("redis-cli", "-s", front.toString(), "strlen", "key:__rand_int__"))
        .isEqualTo("100000\n");
  }

  private static void benchmark(Path front, String tests, String... more) throws Exception {
    List<String> line = new ArrayList<>(List.of("-s", front.toString(), "-c", "1", "-q"));
    line.addAll(List.of("-t", tests));
    line.addAll(List.of(more));
    String said = Programs.run("redis-benchmark", line.toArray(String[]::new));
    System.out.println(String.join(" ", line) + "\n" + said.replace('\r', '\n'));
    assertThat(said)
        .contains("SET: ", "GET: ")
        .doesNotContainIgnoringCase("err")
        .doesNotContainIgnoringCase("warn");
  }
}
