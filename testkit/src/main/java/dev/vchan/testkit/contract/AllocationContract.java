// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.vchan.Deadline;
import dev.vchan.Vchan;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Setup;
import dev.vchan.testkit.ends.Stage.Pair;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * Calls that are made again and again leave no garbage: bytes allocated by the calling thread are
 * counted over very many round trips, after a warm-up. For platform threads, whose allocation the
 * virtual machine counts.
 */
public abstract class AllocationContract extends ChannelContract {

  private static final int BYTES = 8;
  private static final int WARM_UP = 20_000;

  /** Code that is not compiled yet allocates; on a busy machine the compiler comes late. */
  private static final int MOST_WARM_UPS = 10;

  /** Two calls each. */
  private static final int ROUND_TRIPS = 50_000;

  /** Keeps what the allocating variant makes from being optimised away. */
  private static volatile ByteBuffer garbage = ByteBuffer.allocate(0);

  /** For subclasses. */
  protected AllocationContract() {}

  @Test
  void nothingIsAllocatedByCallsThatSpin() throws Exception {
    for (Way way : Way.values()) {
      if (way != Way.WITH_GARBAGE) {
        assertThat(allocated(way, Setup.rings(1024))).as(way.name()).isLessThan(limit(ROUND_TRIPS));
      }
    }
  }

  @Test
  void nothingIsAllocatedByCallsThatSleep() throws Exception {
    assertThat(allocated(Way.STREAM, Setup.rings(1024).asleep())).isLessThan(limit(ROUND_TRIPS));
  }

  @Test
  void theCountFindsABufferACall() throws Exception {
    assertThat(allocated(Way.WITH_GARBAGE, Setup.rings(1024)))
        .isGreaterThan((long) ROUND_TRIPS * BYTES);
  }

  /** A tenth of a byte a call: room for what the virtual machine itself does once in a while. */
  private static long limit(int roundTrips) {
    return 2L * roundTrips / 10;
  }

  /** Bytes that the own side's thread allocated over all the round trips. */
  private long allocated(Way way, Setup setup) throws Exception {
    Pair pair = connect(setup);
    Pending<Boolean> answering = pair.peer().startRun(end -> new Player(end).answer(way));
    long bytes =
        pair.own()
            .call(
                end -> {
                  Player player = new Player(end);
                  for (int i = 0; i < MOST_WARM_UPS; i++) {
                    if (player.allocatedBy(way, WARM_UP) < limit(WARM_UP)) {
                      break;
                    }
                  }
                  long allocated = player.allocatedBy(way, ROUND_TRIPS);
                  end.close();
                  return allocated;
                });
    assertThat(answering.get()).isTrue();
    pair.peer().close();
    System.out.printf(
        "%s, %s, %s, %s: %.4f bytes a call, %,d calls%n",
        getClass().getSimpleName(),
        variant,
        way,
        setup.sleeping() ? "sleeping" : "spinning",
        (double) bytes / (2 * ROUND_TRIPS),
        2 * ROUND_TRIPS);
    return bytes;
  }

  private static long allocatedByThisThread() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }

  /** The ways to move a few bytes. */
  private enum Way {
    STREAM,
    DEADLINE,
    POLL,
    PACKET,
    POLLED_PACKET,
    GATHER,
    STREAMS,
    WITH_GARBAGE
  }

  /** One end with all that its calls need, made once. */
  private static final class Player {

    private final Vchan end;
    private final InputStream in;
    private final OutputStream out;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BYTES);
    private final ByteBuffer[] pieces = {
      ByteBuffer.allocateDirect(BYTES / 2), ByteBuffer.allocate(BYTES / 2)
    };
    private final byte[] array = new byte[BYTES];
    private final Deadline deadline = Deadline.after(Duration.ofHours(1));

    Player(Vchan end) {
      this.end = end;
      this.in = end.inputStream();
      this.out = end.outputStream();
    }

    /** Bytes that the thread allocates over so many round trips. */
    long allocatedBy(Way way, int roundTrips) throws IOException {
      long before = allocatedByThisThread();
      play(way, roundTrips);
      return allocatedByThisThread() - before;
    }

    private void play(Way way, int rounds) throws IOException {
      for (int round = 0; round < rounds; round++) {
        write(way);
        if (!read(way)) {
          throw new IOException("the peer has closed in round " + round);
        }
      }
    }

    void answer(Way way) throws IOException {
      while (read(way)) {
        write(way);
      }
    }

    private void write(Way way) throws IOException {
      switch (way) {
        case STREAM -> end.write(buffer.clear());
        case DEADLINE -> end.write(buffer.clear(), deadline);
        case POLL -> end.tryWrite(buffer.clear());
        case PACKET -> end.send(buffer.clear(), deadline);
        case POLLED_PACKET -> end.trySend(buffer.clear());
        case GATHER -> end.write(clearPieces());
        case STREAMS -> out.write(array, 0, BYTES);
        case WITH_GARBAGE -> {
          ByteBuffer made = ByteBuffer.allocate(BYTES);
          garbage = made;
          end.write(garbage);
        }
      }
    }

    /** Reads what was written; false at the end of the stream. */
    private boolean read(Way way) throws IOException {
      int got = 0;
      while (got < BYTES) {
        int bytes =
            switch (way) {
              case STREAM, WITH_GARBAGE -> end.read(buffer.clear());
              case DEADLINE -> end.read(buffer.clear(), deadline);
              case POLL -> end.awaitReadable(deadline) ? end.tryRead(buffer.clear()) : 0;
              case PACKET -> end.receive(buffer.clear(), deadline);
              case POLLED_PACKET ->
                  end.awaitReadable(deadline) ? end.tryReceive(buffer.clear()) : 0;
              case GATHER -> (int) end.read(clearPieces());
              case STREAMS -> in.read(array, 0, BYTES);
            };
        if (bytes < 0) {
          return false;
        }
        got += bytes;
      }
      return true;
    }

    private ByteBuffer[] clearPieces() {
      pieces[0].clear();
      pieces[1].clear();
      return pieces;
    }
  }
}
