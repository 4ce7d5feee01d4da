// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Needs;
import dev.vchan.testkit.Watchdog;
import java.io.File;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A service that people use, and its own benchmark, with forwards at both ends between them. */
@Timeout(300)
class ForwardRedisTest {

  private static final String REQUESTS = Figures.FULL ? "200000" : "2000";
  private static final String LARGE_REQUESTS = Figures.FULL ? "1000" : "300";

  @TempDir private Path folder;

  @Test
  void itsBenchmarkRunsWithAHundredConnections() throws Exception {
    Needs.PEERS.met(missing("redis-server", "redis-benchmark", "redis-cli"));
    Path socket = folder.resolve("redis.sock");
    Process redis =
        start("redis-server", "--port", "0", "--unixsocket", socket.toString(), "--save", "");
    try (Machine machine = new Machine(folder)) {
      Watchdog.until("listening", () -> Files.exists(socket));
      try (Forwards forwards = new Forwards(machine, folder, Kind.TCP, "unix:" + socket)) {
        InetSocketAddress place =
            (InetSocketAddress) Kind.address(Forwards.place(forwards.front()));
        String port = Integer.toString(place.getPort());
        assertThat(run("redis-cli", "-p", port, "ping")).isEqualTo("PONG");
        benchmark(port, "-n", REQUESTS, "-d", "100");
        benchmark(port, "-n", REQUESTS, "-d", "1000", "-P", "16");
        benchmark(port, "-n", LARGE_REQUESTS, "-d", "100000");
        assertThat(run("redis-cli", "-p", port, "strlen", "key:__rand_int__")).isEqualTo("100000");
      }
    } finally {
      redis.destroy();
      assertThat(redis.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  private void benchmark(String port, String... more) throws Exception {
    List<String> line =
        new ArrayList<>(List.of("redis-benchmark", "-p", port, "-c", "100", "-q", "-t"));
    line.add("ping,set,get");
    line.addAll(List.of(more));
    String said = run(line.toArray(String[]::new));
    System.out.println(String.join(" ", line) + "\n" + said.replace('\r', '\n'));
    assertThat(said).contains("PING_INLINE: ", "SET: ", "GET: ").doesNotContainIgnoringCase("err");
  }

  private String run(String... command) throws Exception {
    Process process = start(command);
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).describedAs("%s ends", command[0]).isTrue();
    String said = Files.readString(output(command)).strip();
    assertThat(process.exitValue()).describedAs(said).isZero();
    return said;
  }

  private Process start(String... command) throws Exception {
    return new ProcessBuilder(command)
        .directory(folder.toFile())
        .redirectErrorStream(true)
        .redirectOutput(Redirect.to(output(command).toFile()))
        .start();
  }

  private Path output(String... command) {
    return folder.resolve("said-by-" + command[0]);
  }

  private static Optional<String> missing(String... programs) {
    List<String> path = List.of(System.getenv("PATH").split(File.pathSeparator, -1));
    List<String> missing =
        Stream.of(programs)
            .filter(
                program ->
                    path.stream().noneMatch(folder -> Files.isExecutable(Path.of(folder, program))))
            .toList();
    return missing.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", missing));
  }
}
