// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.Deadline;
import dev.vchan.Vchan;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.ends.End;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Setup;
import dev.vchan.testkit.ends.Stage.Pair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Very many bytes, from every place in the ring, by many threads. */
public abstract class TrafficContract extends ChannelContract {

  private static final long SEED = 20;

  /** For subclasses. */
  protected TrafficContract() {}

  @Case("T34")
  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  void packetsOfEveryLengthPassFromEveryPlaceInTheRing() throws Exception {
    // The ring of 1024 bytes is the one that the server reads.
    Pair pair = connect(Setup.rings(1024));
    boolean ownReads = pair.own().incomingCapacity() == 1024;
    End writer = ownReads ? pair.peer() : pair.own();
    End reader = ownReads ? pair.own() : pair.peer();
    int rounds = count(50_000, 1 << 20);
    int step = ((1 << 20) / rounds) | 1;
    Pending<Boolean> writing =
        writer.startRun(
            end -> {
              Patterns pattern = new Patterns(SEED);
              ByteBuffer packet = ByteBuffer.allocateDirect(1024);
              int at = 0;
              for (int round = 0; round < rounds; round++) {
                int start = start(round, step);
                at = send(end, pattern, packet, at, (start - at) & 1023);
                at = send(end, pattern, packet, at, length(round, step));
              }
            });
    reader.run(
        end -> {
          Patterns pattern = new Patterns(SEED);
          ByteBuffer packet = ByteBuffer.allocateDirect(1024);
          int at = 0;
          for (int round = 0; round < rounds; round++) {
            at = receive(end, pattern, packet, at, (start(round, step) - at) & 1023);
            at = receive(end, pattern, packet, at, length(round, step));
          }
        });
    assertThat(writing.get()).isTrue();
  }

  /** Every pair of a start and a length comes once if the step is 1, and a sample of them else. */
  private static int start(int round, int step) {
    return (int) (((long) round * step) >>> 10) & 1023;
  }

  private static int length(int round, int step) {
    return ((round * step) & 1023) + 1;
  }

  private static int send(Vchan end, Patterns pattern, ByteBuffer packet, int at, int bytes)
      throws IOException {
    pattern.fill(packet.clear().limit(bytes));
    end.send(packet.flip(), Deadline.NEVER);
    return (at + bytes) & 1023;
  }

  private static int receive(Vchan end, Patterns pattern, ByteBuffer packet, int at, int bytes)
      throws IOException {
    end.receive(packet.clear().limit(bytes), Deadline.NEVER);
    pattern.check(packet.flip());
    return (at + bytes) & 1023;
  }

  /** The indices run over the end of their 32 bits, with the ring in every state near it. */
  @Case("T35")
  @Test
  void indicesRunOverTheEndOfTheirRange() throws Exception {
    Pair pair = connect(Setup.rings(1 << 20));
    int capacity = pair.own().outgoingCapacity();
    long start = (1L << 32) - capacity - 1;
    advance(pair.own(), pair.peer(), start);
    long total = 4L * capacity;
    Pending<Boolean> writing = pair.own().startRun(end -> writeRandomly(end, SEED, total));
    pair.peer().run(end -> readRandomly(end, SEED, total));
    assertThat(writing.get()).isTrue();
    assertThat(pair.own().bufferSpace()).isEqualTo(capacity);
    // Full and empty once more, beyond the end.
    byte[] full = fill(pair.own());
    assertThat(pair.own().bufferSpace()).isZero();
    assertThat(pair.peer().read(capacity)).isEqualTo(full);
  }

  /** Moves both indices of a direction on without touching a byte of the ring. */
  private static void advance(End writer, End reader, long bytes) throws Exception {
    Pending<Boolean> writing =
        writer.startRun(
            end -> {
              for (long left = bytes; left > 0; ) {
                int piece = (int) Math.min(left, end.reserve(Deadline.NEVER).remaining());
                end.commit(piece);
                left -= piece;
              }
            });
    reader.run(
        end -> {
          for (long left = bytes; left > 0; ) {
            int piece = end.peek(Deadline.NEVER).remaining();
            end.consume(piece);
            left -= piece;
          }
        });
    assertThat(writing.get()).isTrue();
  }

  @Case("T37")
  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  void bothDirectionsCarryLongStreamsAtOnce() throws Exception {
    Pair pair = connect(Setup.rings(4096));
    int total = count(10_000_000, 100_000_000);
    List<Pending<Boolean>> streams =
        List.of(
            pair.own().startRun(end -> writeRandomly(end, 1, total)),
            pair.peer().startRun(end -> writeRandomly(end, 2, total)),
            pair.own().startRun(end -> readRandomly(end, 2, total)),
            pair.peer().startRun(end -> readRandomly(end, 1, total)));
    for (Pending<Boolean> stream : streams) {
      assertThat(stream.get()).isTrue();
    }
    assertThat(pair.own().<Long>call(end -> end.counters().bytesRead())).isEqualTo(total);
    assertThat(pair.own().<Long>call(end -> end.counters().bytesWritten())).isEqualTo(total);
  }

  /** Writes a pattern in pieces of 1 to 5,000 bytes, by every way there is to write. */
  private static void writeRandomly(Vchan end, long seed, long total) throws IOException {
    Random random = new Random(seed + 100);
    Patterns pattern = new Patterns(seed);
    ByteBuffer piece = ByteBuffer.allocateDirect(5000);
    while (pattern.position() < total) {
      int bytes = (int) Math.min(1 + random.nextInt(5000), total - pattern.position());
      switch (random.nextInt(4)) {
        case 0 -> {
          ByteBuffer space = end.reserve(Deadline.NEVER);
          bytes = Math.min(bytes, space.remaining());
          pattern.fill(space.limit(bytes));
          end.commit(bytes);
        }
        case 1 -> {
          // Half a ring: a sender and a receiver of more could wait for each other.
          pattern.fill(piece.clear().limit(Math.min(bytes, end.outgoingCapacity() / 2)));
          end.send(piece.flip(), Deadline.NEVER);
        }
        case 2 -> {
          pattern.fill(piece.clear().limit(bytes));
          ByteBuffer first = piece.flip().slice(0, bytes / 2);
          end.write(new ByteBuffer[] {first, piece.slice(bytes / 2, bytes - bytes / 2)});
        }
        default -> {
          pattern.fill(piece.clear().limit(bytes));
          end.write(piece.flip());
        }
      }
    }
  }

  /** Reads it back in other pieces, by every way there is to read. */
  private static void readRandomly(Vchan end, long seed, long total) throws IOException {
    Random random = new Random(seed + 200);
    Patterns pattern = new Patterns(seed);
    ByteBuffer piece = ByteBuffer.allocateDirect(5000);
    while (pattern.position() < total) {
      int bytes = (int) Math.min(1 + random.nextInt(5000), total - pattern.position());
      piece.clear().limit(bytes);
      switch (random.nextInt(4)) {
        case 0 -> {
          ByteBuffer view = end.peek(Deadline.NEVER);
          view.limit(Math.min(bytes, view.remaining()));
          int seen = view.remaining();
          pattern.check(view);
          end.consume(seen);
          piece.clear();
        }
        case 1 ->
            end.receive(piece.limit(Math.min(bytes, end.incomingCapacity() / 2)), Deadline.NEVER);
        case 2 -> {
          ByteBuffer second = piece.slice(bytes / 2, bytes - bytes / 2);
          long got = end.read(new ByteBuffer[] {piece.limit(bytes / 2), second});
          piece.limit((int) got).position((int) got);
        }
        default -> end.read(piece);
      }
      pattern.check(piece.flip());
    }
  }

  @Case("T50")
  @Test
  void recordsOfManyWritersStayWhole() throws Exception {
    Pair pair = connect(Setup.rings(4096));
    int writers = 8;
    int records = 2_000;
    List<Pending<Boolean>> writing = new ArrayList<>();
    for (int i = 0; i < writers; i++) {
      int writer = i;
      writing.add(
          pair.own()
              .startRun(
                  end -> {
                    ByteBuffer entry = ByteBuffer.allocateDirect(100);
                    for (int number = 0; number < records; number++) {
                      int length = 8 + (number * 31 + writer) % 90;
                      entry.clear().limit(length).putShort((short) length).put((byte) writer);
                      entry.putInt(number);
                      while (entry.hasRemaining()) {
                        entry.put((byte) (writer + number));
                      }
                      end.write(entry.flip());
                    }
                  }));
    }
    pair.peer()
        .run(
            end -> {
              int[] next = new int[writers];
              ByteBuffer entry = ByteBuffer.allocateDirect(100);
              for (int i = 0; i < writers * records; i++) {
                end.receive(entry.clear().limit(2), Deadline.NEVER);
                int length = entry.getShort(0);
                end.receive(entry.limit(length), Deadline.NEVER);
                int writer = entry.get(2);
                int number = entry.getInt(3);
                assertThat(number).isEqualTo(next[writer]++);
                for (int at = 7; at < length; at++) {
                  assertThat(entry.get(at) == (byte) (writer + number)).isTrue();
                }
              }
            });
    for (Pending<Boolean> each : writing) {
      assertThat(each.get()).isTrue();
    }
  }

  @Case("T51")
  @Test
  void eachByteGoesToOneOfManyReaders() throws Exception {
    Pair pair = connect(Setup.rings(4096));
    int numbers = 50_000;
    List<Pending<int[]>> reading = new ArrayList<>();
    for (int reader = 0; reader < 8; reader++) {
      reading.add(pair.peer().start(end -> readNumbers(end, numbers)));
    }
    pair.own()
        .run(
            end -> {
              ByteBuffer number = ByteBuffer.allocateDirect(4);
              for (int i = 0; i < numbers; i++) {
                end.write(number.clear().putInt(0, i));
              }
              end.close();
            });
    int[] times = new int[numbers];
    for (Pending<int[]> each : reading) {
      int last = -1;
      for (int number : each.get()) {
        assertThat(number > last).isTrue();
        last = number;
        times[number]++;
      }
    }
    assertThat(times).containsOnly(1);
  }

  private static int[] readNumbers(Vchan end, int most) throws IOException {
    int[] got = new int[most];
    int count = 0;
    ByteBuffer number = ByteBuffer.allocateDirect(4);
    while (end.receive(number.clear(), Deadline.NEVER) > 0) {
      got[count++] = number.getInt(0);
    }
    return Arrays.copyOf(got, count);
  }

  @Case("T67")
  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  void noWakeUpIsLostInPingPong() throws Exception {
    pingPong(connect(Setup.rings(1024)), count(100_000, 9_000_000));
    pingPong(connect(Setup.rings(1024).asleep()), count(20_000, 1_000_000));
  }

  private static void pingPong(Pair pair, int rounds) throws Exception {
    Pending<Boolean> answering =
        pair.peer()
            .startRun(
                end -> {
                  ByteBuffer ball = ByteBuffer.allocateDirect(1);
                  while (end.read(ball.clear()) > 0) {
                    end.write(ball.flip());
                  }
                });
    pair.own()
        .run(
            end -> {
              ByteBuffer ball = ByteBuffer.allocateDirect(1);
              for (int round = 0; round < rounds; round++) {
                end.write(ball.clear().put(0, (byte) round));
                end.read(ball.clear());
                assertThat(ball.get(0) == (byte) round).isTrue();
              }
              end.close();
            });
    assertThat(answering.get()).isTrue();
  }
}
