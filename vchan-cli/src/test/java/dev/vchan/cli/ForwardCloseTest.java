// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What was written before a close arrives, however hasty the close was; and the same with a
 * guarding line taken out, which must lose.
 */
@Timeout(600)
class ForwardCloseTest {

  private static final int ROUNDS = Figures.FULL ? 1000 : 100;
  private static final int MUTANT_ROUNDS = 50;

  /** Whether a mutant loses anything in so many rounds is up to the system's scheduler. */
  private static final int MUTANT_TRIES = 20;

  @TempDir private Path folder;

  /** What became of many connections. */
  private record Score(int rounds, int lossy, long lostBytes) {
    @Override
    public String toString() {
      return "%d of %d connections lost bytes, %d in all".formatted(lossy, rounds, lostBytes);
    }
  }

  /** Connections that are closed as soon as everything has been written. */
  private interface Haste {
    /** Makes them, one after the other, and returns how many bytes each has lost. */
    long[] run(Service service, Forwards forwards, int rounds) throws Exception;
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void whatAServiceWritesBeforeItClosesAtOnceArrives(Kind kind) throws Exception {
    Score ours = run("ours", kind, ForwardCloseTest::hastyService, ROUNDS, Optional.empty());
    Mutant mutant = Mutant.GONE_IS_THE_END;
    Score blind =
        run("mutant", kind, ForwardCloseTest::hastyService, MUTANT_ROUNDS, Optional.of(mutant));
    report("hasty service, " + kind, ours, mutant, blind);
  }

  @Test
  void whatAClientWritesBeforeItClosesAtOnceArrivesAlthoughItLeftTheAnswerUnread()
      throws Exception {
    // With TCP it is the system of the client that throws away what has not left it yet.
    Score ours = run("ours", Kind.UNIX, ForwardCloseTest::hastyClient, ROUNDS, Optional.empty());
    Mutant mutant = Mutant.UNTAKEN_ANSWER_ENDS_THE_QUESTION;
    Score hasty =
        run("mutant", Kind.UNIX, ForwardCloseTest::hastyClient, MUTANT_ROUNDS, Optional.of(mutant));
    report("hasty client", ours, mutant, hasty);
  }

  private static void report(String what, Score ours, Mutant mutant, Score without) {
    System.out.println(what + ": " + ours);
    System.out.println(what + ", " + mutant.title() + ": " + without);
    assertThat(ours.lostBytes()).isZero();
    assertThat(without.lossy()).describedAs(mutant.title()).isPositive();
  }

  private Score run(String name, Kind kind, Haste haste, int rounds, Optional<Mutant> mutant)
      throws Exception {
    Path place = Files.createDirectory(folder.resolve(name));
    Machine machine = new Machine(place);
    if (mutant.isPresent()) {
      Path classes = Files.createDirectory(place.resolve("classes"));
      mutant.get().compileTo(classes);
      machine.putFirst(classes);
    }
    int tries = mutant.isPresent() ? MUTANT_TRIES : 1;
    int made = 0;
    int lossy = 0;
    long bytes = 0;
    try (machine;
        Service service = new Service(kind.listen(place, "service"), Service::echo);
        Forwards forwards = new Forwards(machine, place, kind, service.operand())) {
      for (int attempt = 0; attempt < tries && lossy == 0; attempt++) {
        for (long each : haste.run(service, forwards, rounds)) {
          made++;
          lossy += each > 0 ? 1 : 0;
          bytes += each;
        }
      }
    }
    return new Score(made, lossy, bytes);
  }

  private static long[] hastyService(Service service, Forwards forwards, int rounds)
      throws Exception {
    AtomicLong next = new AtomicLong();
    service.behave(
        client -> {
          long round = next.getAndIncrement();
          Forwards.send(client, round, size(round));
        });
    long[] lost = new long[rounds];
    for (int round = 0; round < rounds; round++) {
      try (SocketChannel client = forwards.connect()) {
        lost[round] = size(round) - Forwards.count(client, round);
      }
      try {
        service.finish();
      } catch (IOException e) {
        // Its client had gone: what that means is counted.
        continue;
      }
    }
    return lost;
  }

  /** The service writes without an end; the client never reads any of it. */
  private static long[] hastyClient(Service service, Forwards forwards, int rounds)
      throws Exception {
    AtomicLong[] arrived = new AtomicLong[rounds];
    service.behave(
        client -> {
          Task<Void> talking = Watchdog.start("talk", () -> talk(client));
          ByteBuffer header = ByteBuffer.allocate(Long.BYTES);
          while (header.hasRemaining() && client.read(header) >= 0) {
            // Until it is complete.
          }
          if (!header.hasRemaining()) {
            int round = (int) header.flip().getLong();
            arrived[round].set(Forwards.count(client, round));
          }
          client.close();
          talking.get();
        });
    long[] lost = new long[rounds];
    for (int round = 0; round < rounds; round++) {
      arrived[round] = new AtomicLong();
      try (SocketChannel client = forwards.connect()) {
        Service.writeAll(client, ByteBuffer.allocate(Long.BYTES).putLong(round).flip());
        Forwards.send(client, round, size(round));
      }
    }
    service.awaitConnections(rounds);
    service.finish();
    for (int round = 0; round < rounds; round++) {
      lost[round] = size(round) - arrived[round].get();
    }
    return lost;
  }

  private static Void talk(SocketChannel client) {
    try {
      while (true) {
        Service.writeAll(client, ByteBuffer.allocate(10_000));
      }
    } catch (IOException e) {
      // Nobody listens any more.
      return null;
    }
  }

  /** From nothing to more than everything in between holds. */
  private static long size(long round) {
    return round % 10 == 9 ? 1_000_000 + round : round * round * 7 % 200_000;
  }
}
