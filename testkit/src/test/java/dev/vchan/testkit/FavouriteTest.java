// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanTimeoutException;
import dev.vchan.WaitPolicy;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.testkit.Duel.Role;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * A thread that has called many times in a row takes its turn without the lock; others still wait.
 */
class FavouriteTest {

  /** More than a thread needs to be favoured for the first time. */
  private static final int MANY = callsInARow() + 500;

  private static final int WRITERS = 3;
  private static final int CHANNELS = 15;
  private static final int MESSAGES = 20_000;
  private static final int MESSAGE = 24;

  @Test
  void whileAFavouriteIsInsideAPollDoesNothingAndACallTimesOut() throws Exception {
    try (Duel duel = Duel.begin(Role.SERVER)) {
      Task<Integer> reader = Duel.startAndBlock(favouriteReader(duel.victim));
      assertThat(duel.victim.tryRead(ByteBuffer.allocate(1))).isZero();
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> duel.victim.read(ByteBuffer.allocate(1), Duel.millis(20)))
            .isInstanceOf(VchanTimeoutException.class)
            .hasMessageContaining("another call");
      }
      duel.peer.produce((byte) 1);
      duel.peer.event();
      assertThat(reader.get()).isEqualTo(1);
      duel.peer.produce((byte) 2);
      assertThat(duel.victim.read(ByteBuffer.allocate(1))).isEqualTo(1);
    }
  }

  @Test
  void aGlanceSeesWhatThereIsBesideAFavourite() throws Exception {
    try (Duel duel = Duel.begin(Role.SERVER)) {
      Task<Integer> favourite = Duel.startAndBlock(favouriteReader(duel.victim));
      assertThat(duel.victim.dataReady()).isZero();
      duel.peer.produce((byte) 1, (byte) 2, (byte) 3);
      duel.peer.event();
      assertThat(favourite.get()).isEqualTo(1);
      assertThat(duel.victim.dataReady()).isEqualTo(2);
    }
  }

  @Test
  void whoeverWaitsForAFavouriteIsNextWhenItLeaves() throws Exception {
    try (Duel duel = Duel.begin(Role.SERVER)) {
      Task<Integer> favourite = Duel.startAndBlock(favouriteReader(duel.victim));
      Task<Integer> next = Duel.startAndBlock(() -> duel.victim.read(ByteBuffer.allocate(1)));
      Task<Integer> third = Duel.startAndBlock(() -> duel.victim.read(ByteBuffer.allocate(1)));
      duel.peer.produce((byte) 1, (byte) 2, (byte) 3);
      duel.peer.event();
      assertThat(favourite.get()).isEqualTo(1);
      assertThat(next.get()).isEqualTo(1);
      assertThat(third.get()).isEqualTo(1);
    }
  }

  @Test
  void aCloseEndsAFavouriteAndThoseWhoWaitForIt() throws Exception {
    try (Duel duel = Duel.begin(Role.SERVER)) {
      Task<Integer> favourite = Duel.startAndBlock(favouriteReader(duel.victim));
      Task<Integer> next = Duel.startAndBlock(() -> duel.victim.read(ByteBuffer.allocate(1)));
      duel.victim.close();
      assertThatThrownBy(favourite::get).isInstanceOf(AsynchronousCloseException.class);
      assertThatThrownBy(next::get).isInstanceOf(AsynchronousCloseException.class);
    }
  }

  @Test
  void aCloseByAnInterruptedThreadWaitsForTheFavouriteAndStaysInterrupted() throws Exception {
    try (Duel duel = Duel.begin(Role.SERVER)) {
      Task<Integer> favourite = Duel.startAndBlock(favouriteReader(duel.victim));
      Task<Boolean> closer =
          Watchdog.start(
              "closer",
              () -> {
                Thread.currentThread().interrupt();
                duel.victim.close();
                return Thread.currentThread().isInterrupted();
              });
      assertThat(closer.get()).isTrue();
      assertThatThrownBy(favourite::get).isInstanceOf(AsynchronousCloseException.class);
    }
  }

  @Test
  void anInterruptedFavouriteClosesTheChannel() throws Exception {
    try (Duel duel = Duel.begin(Role.SERVER)) {
      Task<Integer> favourite = Duel.startAndBlock(favouriteReader(duel.victim));
      favourite.thread().interrupt();
      assertThatThrownBy(favourite::get).isInstanceOf(ClosedByInterruptException.class);
      assertThat(duel.victim.isOpen()).isFalse();
    }
  }

  /** It closes from inside, when it has been dismissed already. */
  @Test
  void anInterruptedFavouriteForWhomOthersWaitClosesTheChannel() throws Exception {
    try (Duel duel = Duel.begin(Role.SERVER)) {
      Task<Integer> favourite = Duel.startAndBlock(favouriteReader(duel.victim));
      Task<Integer> next = Duel.startAndBlock(() -> duel.victim.read(ByteBuffer.allocate(1)));
      favourite.thread().interrupt();
      assertThatThrownBy(favourite::get).isInstanceOf(ClosedByInterruptException.class);
      assertThatThrownBy(next::get).isInstanceOf(AsynchronousCloseException.class);
    }
  }

  @Test
  void anInterruptOfOneWhoWaitsForAFavouriteClosesTheChannel() throws Exception {
    try (Duel duel = Duel.begin(Role.SERVER)) {
      Task<Integer> favourite = Duel.startAndBlock(favouriteReader(duel.victim));
      Task<Integer> next = Duel.startAndBlock(() -> duel.victim.read(ByteBuffer.allocate(1)));
      next.thread().interrupt();
      assertThatThrownBy(next::get).isInstanceOf(ClosedByInterruptException.class);
      assertThatThrownBy(favourite::get).isInstanceOf(AsynchronousCloseException.class);
    }
  }

  /** Each message has one byte throughout; two calls at a time would mix them. */
  @Test
  void callsDoNotInterleaveWhileFavouritesComeAndGo() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("callsDoNotInterleaveWhileFavouritesComeAndGo: seed " + seed);
    for (int channel = 0; channel < CHANNELS; channel++) {
      InProcessHost host = new InProcessHost();
      try (VchanListener listener =
          VchanListener.open(
              host.domain(Duel.VICTIM),
              Duel.ATTACKER,
              Duel.PORT,
              Duel.OPTIONS.withWaitPolicy(WaitPolicy.adaptive()))) {
        Task<Vchan> accepting = Watchdog.start("accept", () -> listener.accept(Duel.soon()));
        try (Vchan reading =
                Vchan.connect(
                    host.domain(Duel.ATTACKER),
                    Duel.VICTIM,
                    listener.path(),
                    Duel.OPTIONS,
                    Duel.soon());
            Vchan writing = accepting.get()) {
          List<Task<Integer>> writers = new ArrayList<>();
          for (int number = 0; number < WRITERS; number++) {
            Random random = new Random(seed + (long) channel * WRITERS + number);
            byte mark = (byte) number;
            writers.add(Watchdog.start("writer", () -> writeMessages(writing, mark, random)));
          }
          assertThat(readMessages(reading)).containsOnly(MESSAGES);
          for (Task<Integer> writer : writers) {
            assertThat(writer.get()).isEqualTo(MESSAGES);
          }
        }
      }
      assertThat(host.leftovers()).isEmpty();
    }
  }

  private static int writeMessages(Vchan writing, byte mark, Random random) throws IOException {
    ByteBuffer message = ByteBuffer.allocate(MESSAGE);
    while (message.hasRemaining()) {
      message.put(mark);
    }
    int written = 0;
    while (written < MESSAGES) {
      int inARow = random.nextInt(4) == 0 ? MANY : 1 + random.nextInt(20);
      for (int i = 0; i < inARow && written < MESSAGES; i++) {
        writing.write(message.flip(), Deadline.NEVER);
        written++;
      }
      LockSupport.parkNanos(random.nextInt(20) * 10_000L);
    }
    return written;
  }

  private static int[] readMessages(Vchan reading) throws IOException {
    int[] counts = new int[WRITERS];
    ByteBuffer message = ByteBuffer.allocate(MESSAGE);
    for (int i = 0; i < WRITERS * MESSAGES; i++) {
      reading.receive(message.clear(), Duel.soon());
      byte mark = message.get(0);
      for (int at = 1; at < MESSAGE; at++) {
        assertThat(message.get(at) == mark).isTrue();
      }
      counts[mark]++;
    }
    return counts;
  }

  private static int callsInARow() {
    try {
      Field field = Class.forName("dev.vchan.Turn").getDeclaredField("CALLS_IN_A_ROW");
      field.setAccessible(true);
      return field.getInt(null);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  /** Becomes the favourite, and then waits for a byte. */
  private static Callable<Integer> favouriteReader(Vchan victim) {
    return () -> {
      ByteBuffer target = ByteBuffer.allocate(1);
      for (int i = 0; i < MANY; i++) {
        assertThat(victim.tryRead(target)).isZero();
      }
      return victim.read(target);
    };
  }
}
