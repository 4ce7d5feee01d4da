// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.PeerClosedException;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.Ends;
import dev.vchan.testkit.LeakCheck;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Closes one channel after the other from another thread, each at a random moment of a {@link
 * ClosePhase}. One end closes; its calls must end as documented, and the other end must read what
 * was written, and then the end. Prints a table of each end's closes.
 *
 * <p>A main of its own, so that the test can run it with a mutant in front of the class path.
 */
final class CloseRounds {

  private static final PortName WITHOUT_CLIENT = new PortName("nobody-comes");
  private static final PortName WITHOUT_SERVER = new PortName("nobody-listens");

  /** From before a call has begun to after it has gone to sleep. */
  private static final int LONGEST_NANOS = 300_000;

  private static final int[] RINGS = {1, 4096, 1 << 18};

  private final long seed;
  private final int rounds;
  private final AtomicLong played = new AtomicLong();
  private final AtomicLong longestNanos = new AtomicLong();
  private volatile Plan current;

  private CloseRounds(long seed, int rounds) {
    this.seed = seed;
    this.rounds = rounds;
    this.current = Plan.of(seed, 0);
  }

  /**
   * Runs.
   *
   * @param args role and place; seed; how many rounds
   */
  public static void main(String[] args) throws Exception {
    CloseRounds closes = new CloseRounds(Long.parseLong(args[2]), Integer.parseInt(args[3]));
    Pulse.watch(
        closes.played::get,
        () -> closes.played + " closes, and then " + closes.current.phase().title);
    Venue.warmUp(args[0], args[1]);
    LeakCheck leaks = new LeakCheck();
    try (Venue venue = new Venue(args[0], args[1])) {
      venue.play(
          Thread.ofPlatform(),
          backend -> closes.new Side(backend, true).play(),
          backend -> closes.new Side(backend, false).play());
      if (!venue.leftovers().isEmpty()) {
        Venue.stop("failed: left behind: " + venue.leftovers());
      }
    }
    leaks.assertNothingLeft();
    System.out.println("ok, the longest took %d us".formatted(closes.longestNanos.get() / 1_000));
  }

  /** Bytes that the other end can tell from any others. */
  static ByteBuffer payload() {
    return new Patterns(0).next(1 << 16);
  }

  /** What both ends have to know of a round. */
  private record Plan(
      ClosePhase phase, boolean serverCloses, boolean virtual, VchanOptions options, long delay) {

    static Plan of(long seed, long round) {
      SplittableRandom random = new SplittableRandom(seed * 1_000_003 + round);
      ClosePhase[] phases = ClosePhase.values();
      ClosePhase phase = phases[(int) (round % phases.length)];
      boolean serverCloses =
          phase == ClosePhase.ACCEPT || (phase != ClosePhase.CONNECT && random.nextBoolean());
      RingSizes sizes =
          new RingSizes(RINGS[random.nextInt(RINGS.length)], RINGS[random.nextInt(RINGS.length)]);
      return new Plan(
          phase,
          serverCloses,
          random.nextInt(3) == 0,
          Ends.UNAIDED.withSizes(sizes),
          random.nextInt(LONGEST_NANOS));
    }

    Thread.Builder threads() {
      return virtual ? Thread.ofVirtual() : Thread.ofPlatform().daemon();
    }
  }

  /** One end of every round. Used by one thread. */
  private final class Side {

    private final Backend backend;
    private final boolean server;
    private final Map<ClosePhase, Row> table = new EnumMap<>(ClosePhase.class);

    Side(Backend backend, boolean server) {
      this.backend = backend;
      this.server = server;
    }

    void play() throws Exception {
      for (int round = 0; round < rounds; round++) {
        Plan plan = Plan.of(seed, round);
        boolean closes = plan.serverCloses() == server;
        if (closes) {
          current = plan;
        }
        switch (plan.phase()) {
          case ACCEPT -> {
            if (closes) {
              accept(plan);
            }
          }
          case CONNECT -> {
            if (closes) {
              connect(plan);
            }
          }
          default -> {
            try (Vchan channel = open(plan)) {
              if (closes) {
                close(plan, channel);
              } else {
                new Peer(channel, plan).outlive();
              }
            }
          }
        }
        played.incrementAndGet();
      }
      synchronized (System.out) {
        System.out.println("closed by the " + (server ? Venue.SERVER : Venue.CLIENT));
        table.forEach((phase, row) -> System.out.println(row.line(phase)));
      }
    }

    private Vchan open(Plan plan) throws IOException {
      return server
          ? Vchan.listen(backend, Venue.CLIENTS, Venue.PORT, plan.options(), Ends.soon())
          : Vchan.connect(backend, Venue.SERVERS, Venue.PORT, plan.options(), Ends.soon());
    }

    private void accept(Plan plan) throws Exception {
      VchanListener listener =
          VchanListener.open(backend, Venue.CLIENTS, WITHOUT_CLIENT, plan.options());
      Attempt accepting =
          () -> {
            listener.accept().close();
            return "accepted";
          };
      end(plan, List.of(accepting), calls -> listener.close());
    }

    private void connect(Plan plan) throws Exception {
      Attempt connecting =
          () -> {
            Vchan.connect(backend, Venue.SERVERS, WITHOUT_SERVER, plan.options(), Ends.soon())
                .close();
            return "connected";
          };
      end(plan, List.of(connecting), calls -> calls.getFirst().thread().interrupt());
    }

    private void close(Plan plan, Vchan channel) throws Exception {
      List<Attempt> using = new ArrayList<>();
      plan.phase().calls.forEach(call -> using.add(() -> call.on(channel)));
      end(plan, using, calls -> channel.close());
    }

    /** Something that may fail as channels do. */
    private interface Attempt {
      String make() throws IOException;
    }

    /** Ends what is under way. */
    private interface Closing {
      void end(List<Watchdog.Task<String>> calls) throws IOException;
    }

    private void end(Plan plan, List<Attempt> attempts, Closing closing) throws Exception {
      List<Watchdog.Task<String>> calls = new ArrayList<>();
      CountDownLatch begun = new CountDownLatch(attempts.size());
      for (Attempt attempt : attempts) {
        calls.add(
            Watchdog.start(
                plan.threads(),
                () -> {
                  begun.countDown();
                  try {
                    return attempt.make();
                  } catch (IOException e) {
                    return e.getClass().getSimpleName();
                  }
                }));
      }
      begun.await();
      RoundPlan.delay(plan.delay());
      long start = System.nanoTime();
      closing.end(calls);
      Row row = table.computeIfAbsent(plan.phase(), phase -> new Row());
      for (Watchdog.Task<String> call : calls) {
        row.ended(call.outcome().get());
      }
      long nanos = System.nanoTime() - start;
      row.took(nanos);
      longestNanos.accumulateAndGet(nanos, Math::max);
      if (!row.ends.keySet().stream().allMatch(plan.phase()::allows)) {
        throw new IOException(plan + ": " + row.ends);
      }
    }
  }

  /** What was seen of one phase. */
  private static final class Row {

    private final Map<String, Integer> ends = new TreeMap<>();
    private int closes;
    private long longestNanos;

    void ended(String how) {
      ends.merge(how, 1, Integer::sum);
    }

    void took(long nanos) {
      closes++;
      longestNanos = Math.max(longestNanos, nanos);
    }

    String line(ClosePhase phase) {
      return "%8d in %s, the longest took %d us: %s"
          .formatted(closes, phase.title, longestNanos / 1_000, ends);
    }
  }

  /** The other end, which must see nothing but bytes, and then a close. */
  private record Peer(Vchan channel, Plan plan) {

    void outlive() throws Exception {
      Watchdog.Task<String> writing =
          plan.phase().peerWrites
              ? Watchdog.start(plan.threads(), this::write)
              : Watchdog.start(plan.threads(), () -> "");
      if (!plan.phase().peerReads) {
        Watchdog.until("closed", () -> channel.state() != VchanState.CONNECTED);
      }
      read();
      if (channel.state() != VchanState.PEER_CLOSED || !writing.outcome().get().isEmpty()) {
        throw new IOException(plan + ": " + channel + ", writing: " + writing.outcome().get());
      }
    }

    private void read() throws IOException {
      ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
      ByteBuffer expected = payload();
      int place = 0;
      while (channel.read(buffer.clear()) >= 0) {
        for (buffer.flip(); buffer.hasRemaining(); place++) {
          byte next = expected.get(place % expected.capacity());
          if (buffer.get() != next) {
            throw new IOException(plan + ": another byte at " + place);
          }
        }
      }
    }

    /** Empty if it ended as it should. */
    private String write() {
      ByteBuffer buffer = payload();
      try {
        for (; ; ) {
          channel.write(buffer.clear());
        }
      } catch (PeerClosedException e) {
        return "";
      } catch (IOException e) {
        return e.toString();
      }
    }
  }
}
