// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Bytes through forwards at both ends, which serve all these tests. */
@ParameterizedClass
@EnumSource(Kind.class)
@Timeout(300)
class ForwardTrafficTest {

  private static final long MUCH = Figures.FULL ? 1L << 30 : 128 << 20;

  /** What two forwards and the system's sockets may hold of a stream that nobody reads. */
  private static final long HELD = 16 << 20;

  @TempDir private static Path folder;

  private static Machine machine;
  private static Service service;
  private static Forwards forwards;

  @Parameter private Kind kind;

  @BeforeParameterizedClassInvocation
  static void start(Kind kind) throws Exception {
    Path place = Files.createDirectories(folder.resolve(kind.name()));
    machine = new Machine(place);
    service = new Service(kind.listen(place, "service"), Service::echo);
    forwards = new Forwards(machine, place, kind, service.operand());
  }

  @AfterParameterizedClassInvocation
  static void nothingIsLeft(Kind kind) throws Exception {
    forwards.close();
    service.close();
    machine.close();
    try (var left = Files.list(folder.resolve(kind.name()))) {
      assertThat(left.filter(file -> file.endsWith("front"))).isEmpty();
    }
  }

  @AfterEach
  void nobodyIsStillServed() throws Exception {
    service.finish();
    forwards.awaitIdle();
  }

  @Test
  void bytesAreTheSameBothWaysAndTheAnswerComesAfterTheEndOfTheQuestion() throws Exception {
    service.behave(Service::echo);
    for (long size : new long[] {0, 1, 1000, 100_000, 64 << 20}) {
      try (SocketChannel client = forwards.connect()) {
        Forwards.echo(client, size, size);
      }
    }
  }

  @Test
  void theEndOfTheAnswerLeavesTheQuestionOpen() throws Exception {
    service.behave(
        client -> {
          client.shutdownOutput();
          Forwards.check(client, 7, 1_000_000);
          assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        });
    try (SocketChannel client = forwards.connect()) {
      assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      Forwards.send(client, 7, 1_000_000);
      client.shutdownOutput();
      service.finish();
    }
  }

  @Test
  void aHundredClientsAtOnce() throws Exception {
    CountDownLatch all = new CountDownLatch(100);
    service.behave(
        client -> {
          all.countDown();
          all.await();
          Service.echo(client);
        });
    List<Task<Void>> clients = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      long seed = i;
      clients.add(
          Watchdog.start(
              "client",
              () -> {
                try (SocketChannel client = forwards.connect()) {
                  Forwards.echo(client, seed, 10_000 + seed);
                }
                return null;
              }));
    }
    for (Task<Void> client : clients) {
      client.get();
    }
  }

  @Test
  void aReaderThatDoesNotReadHoldsTheWriterUp() throws Exception {
    CountDownLatch reading = new CountDownLatch(1);
    service.behave(
        client -> {
          reading.await();
          Forwards.check(client, 1, MUCH);
        });
    AtomicLong written = new AtomicLong();
    try (SocketChannel client = forwards.connect()) {
      Task<Void> writing =
          Watchdog.start(
              "write",
              () -> {
                ByteBuffer all = ByteBuffer.allocate(1 << 16);
                Patterns pattern = new Patterns(1);
                while (pattern.position() < MUCH) {
                  pattern.fill(all.clear());
                  Service.writeAll(client, all.flip());
                  written.set(pattern.position());
                }
                return null;
              });
      untilItStands(written);
      assertThat(written.get()).isPositive().isLessThan(HELD);
      long front = residentKilobytes(forwards.front());
      long back = residentKilobytes(forwards.back());
      reading.countDown();
      service.finish();
      writing.get();
      assertThat(residentKilobytes(forwards.front()) - front).isLessThan(HELD >> 10);
      assertThat(residentKilobytes(forwards.back()) - back).isLessThan(HELD >> 10);
    }
  }

  /** Waits until a number has not changed for a while. */
  private static void untilItStands(AtomicLong number) throws InterruptedException {
    long seen = -1;
    for (int same = 0; same < 20; same++) {
      if (number.get() != seen) {
        seen = number.get();
        same = 0;
      }
      Thread.sleep(50);
    }
  }

  private static long residentKilobytes(Machine.Running forward) throws Exception {
    Path status = Path.of("/proc/" + forward.process().pid() + "/status");
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }
}
