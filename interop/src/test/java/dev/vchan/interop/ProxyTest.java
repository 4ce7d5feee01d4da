// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Debian's vchan-socket-proxy at one end of a vchan and {@code vchan forward} at the other: what
 * goes into the one's socket comes out of the other's.
 *
 * <p>What the proxy cannot do is not asked of it, and the rest is: it serves one client at a time.
 * As a server it does not pass on the end of the service's socket, but connects there anew for the
 * client it still has; and it may sleep over what comes before it has connected at all. As a client
 * it waits for ever, once its socket has ended, if the ring was full at that moment.
 */
@Timeout(300)
class ProxyTest {

  private static final int CHUNK = 1 << 16;

  private static final int HASTY_ROUNDS = Figures.FULL ? 1000 : 50;

  /** Less than the ring of our listener has. */
  private static final int HASTY_BYTES = 60_000;

  private static final long SEED = System.nanoTime();

  @TempDir private Path folder;
  private ServerSocketChannel service;
  private Path place;

  @BeforeEach
  void serve() throws IOException {
    Programs.proxy();
    place = folder.resolve("service");
    service =
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of(place));
  }

  @AfterEach
  void stop() throws IOException {
    if (service != null) {
      service.close();
    }
  }

  /** Each size for a client of its own, so that each starts where another has been. */
  @ParameterizedTest
  @EnumSource(Role.class)
  void bytesOfEverySizeArriveBothWays(Role proxy) throws Exception {
    try (ProxyChain chain = new ProxyChain(folder, proxy, place)) {
      for (long size : new long[] {1, 1000, 100_000, 64L << 20}) {
        try (SocketChannel client = chain.connect();
            SocketChannel server = accept()) {
          carries(client, server, 1, size);
          carries(server, client, 2, size);
          Task<Void> other = Watchdog.start("other", () -> carries(server, client, 3, size));
          carries(client, server, 4, size);
          other.get();
          client.close();
          assertThat(count(server, 5)).as("bytes out of nowhere").isZero();
        }
      }
      assertThat(chain.said()).doesNotContain("failed", "reset", "Broken");
    }
  }

  /**
   * Into the proxy and out of it. It throws away what it finds in the ring at the end, so that our
   * end must not close before all of it has been taken.
   */
  @ParameterizedTest
  @CsvSource({"SERVER, CLIENT", "CLIENT, CLIENT", "CLIENT, SERVER"})
  void whatIsWrittenBeforeACloseArrives(Role proxy, Role hasty) throws Exception {
    try (ProxyChain chain = new ProxyChain(folder, proxy, place)) {
      for (int round = 0; round < HASTY_ROUNDS; round++) {
        long size = round == 0 ? 1 : (Patterns.mixed(SEED, round) >>> 1) % HASTY_BYTES;
        try (SocketChannel client = chain.connect();
            SocketChannel server = accept()) {
          SocketChannel from = hasty == Role.CLIENT ? client : server;
          SocketChannel to = hasty == Role.CLIENT ? server : client;
          int seed = round;
          Task<Void> writing =
              Watchdog.start(
                  "write",
                  () -> {
                    try (from) {
                      return write(from, seed, size);
                    }
                  });
          assertThat(count(to, seed))
              .as("bytes of round %d with seed %d", round, SEED)
              .isEqualTo(size);
          writing.get();
        }
      }
    }
  }

  private SocketChannel accept() throws Exception {
    return Watchdog.start("accept", service::accept).get();
  }

  private static Void carries(SocketChannel from, SocketChannel to, long seed, long size)
      throws Exception {
    Task<Void> writing = Watchdog.start("write", () -> write(from, seed, size));
    Patterns pattern = new Patterns(seed);
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    while (pattern.position() < size) {
      buffer.clear().limit((int) Math.min(CHUNK, size - pattern.position()));
      assertThat(to.read(buffer)).as("after %d of %d", pattern.position(), size).isPositive();
      pattern.check(buffer.flip());
    }
    return writing.get();
  }

  private static Void write(SocketChannel to, long seed, long size) throws IOException {
    Patterns pattern = new Patterns(seed);
    while (pattern.position() < size) {
      ByteBuffer bytes = pattern.next((int) Math.min(CHUNK, size - pattern.position()));
      while (bytes.hasRemaining()) {
        to.write(bytes);
      }
    }
    return null;
  }

  /** Checks everything up to the end, and returns how much it was. */
  private static long count(SocketChannel from, long seed) throws IOException {
    Patterns pattern = new Patterns(seed);
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    while (from.read(buffer.clear()) >= 0) {
      pattern.check(buffer.flip());
    }
    return pattern.position();
  }
}
