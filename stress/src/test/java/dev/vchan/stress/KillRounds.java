// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.local.LocalBackend;
import dev.vchan.stress.Survivor.Delivery;
import dev.vchan.stress.VictimRecord.Phase;
import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.LeakCheck;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The survivor: kills one {@link KillVictim} after the other, and takes what each had published.
 * Prints a table of the moments at which they died, and a {@link Score}.
 *
 * <p>Channels are served one after the other, and the victim of the next round comes only when that
 * of the last is dead. So nothing has to be timed: when the last victim, which is not killed, has
 * been served, everything before it has been.
 */
final class KillRounds {

  static final PortName PORT = new PortName("kill");
  static final DomainId CLIENT = new DomainId(1);

  private static final long PAUSE_NANOS = 100_000;

  private final boolean victimIsServer;
  private final Path root;
  private final Path records;
  private final long seed;
  private final int rounds;
  private final Duration patience;
  private final boolean untilLoss;
  private final long start = System.nanoTime();

  private final List<Delivery> deliveries = new CopyOnWriteArrayList<>();
  private volatile int round;
  private volatile @Nullable MemorySegment page;

  private KillRounds(String[] args) {
    victimIsServer = args[0].equals("server");
    root = Path.of(args[1]);
    records = Path.of(args[2]);
    seed = Long.parseLong(args[3]);
    rounds = Integer.parseInt(args[4]);
    patience = Duration.parse(args[5]);
    untilLoss = Boolean.parseBoolean(args[6]);
  }

  /**
   * Runs.
   *
   * @param args role of the victims, {@code server} or {@code client}; directory of the backend;
   *     directory for the records; seed; number of rounds; how long to wait before it is a hang;
   *     whether the first loss ends the run
   */
  public static void main(String[] args) throws Exception {
    new KillRounds(args).run();
    System.exit(0);
  }

  private void run() throws Exception {
    warmUp();
    LeakCheck leaks = new LeakCheck();
    Watchdog.Task<Boolean> surviving;
    try (LocalBackend local = LocalBackend.open(root, victimIsServer ? CLIENT : DomainId.DOM0)) {
      surviving = Watchdog.start("survivor", () -> survive(local));
      ChildJvm started = start(0);
      for (int i = 0; i <= rounds; i++) {
        // The next one starts while this one lives: starting takes longer than a round.
        Optional<ChildJvm> next = i < rounds ? Optional.of(start(i + 1)) : Optional.empty();
        try (ChildJvm victim = started) {
          if (!round(i, victim, surviving)) {
            stop(i, 1, "hang: no end of round " + i + ", " + plan(i) + " within " + patience);
          }
        }
        if (untilLoss && lost() > 0) {
          stop(i + 1, 0, "stopped at the first loss");
        }
        started = next.orElse(started);
      }
      surviving.get();
    }
    Verdict verdict = new Verdict(seed, deliveries);
    for (int i = 0; i < rounds; i++) {
      verdict.judge(i, new VictimRecord(record(i)));
    }
    verdict.table().forEach(System.out::println);
    leaks.assertNothingLeft();
    assertNothingMapped();
    assertNothingLeftAfterTheNextStart();
    System.out.println(verdict.score(rounds, millis()).line());
  }

  /** What the JDK opens once and keeps is no leak. */
  private void warmUp() throws IOException {
    Path elsewhere = records.resolve("warm");
    try (LocalBackend server = LocalBackend.open(elsewhere, DomainId.DOM0);
        LocalBackend client = LocalBackend.open(elsewhere, CLIENT)) {
      KillVictim.warmUp(server, client);
    }
  }

  private long millis() {
    return (System.nanoTime() - start) / 1_000_000;
  }

  private long lost() {
    return deliveries.stream().mapToLong(Delivery::lost).sum();
  }

  /** Ends with what is known by now: the victim to come, and a survivor that hangs, go too. */
  private void stop(int after, int wrong, String what) {
    System.out.println(new Score(after, lost(), wrong, millis(), what).line());
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  private Path record(int number) {
    return records.resolve("victim-" + number);
  }

  private KillPlan plan(int number) {
    return number == rounds ? KillPlan.last() : KillPlan.of(seed, number);
  }

  private ChildJvm start(int number) throws IOException {
    return new ChildJvm(
        Optional.empty(),
        Duration.ofMinutes(3),
        KillVictim.class,
        victimIsServer ? "server" : "client",
        root.toString(),
        record(number).toString(),
        "" + seed,
        "" + number,
        "" + rounds);
  }

  /** Lets one victim live, and kills it; false if something does not come to its end. */
  private boolean round(int number, ChildJvm victim, Watchdog.Task<Boolean> surviving)
      throws IOException {
    KillPlan plan = plan(number);
    VictimRecord record = new VictimRecord(record(number));
    if (!victim.line().equals(Optional.of("ready"))) {
      throw new IOException("victim " + number + " does not start");
    }
    round = number;
    victim.tell("");
    if (number == rounds) {
      return soon(() -> surviving.outcome().isDone());
    }
    if (!soon(() -> hasBegun(plan, record) || !victim.isAlive())) {
      return false;
    }
    LockSupport.parkNanos(plan.killAfterNanos());
    if (!victim.isAlive()) {
      throw new IOException("victim " + number + " died by itself, " + plan);
    }
    return true;
  }

  private static boolean hasBegun(KillPlan plan, VictimRecord record) {
    return switch (plan.deed()) {
      case COME_AND_GO, BEHAVE -> record.phase() != Phase.STARTING;
      case WRITE -> record.returnedBytes() >= KillVictim.HEAD;
      case IDLE, READ -> record.phase() == plan.deed().target;
    };
  }

  private boolean soon(BooleanSupplier condition) {
    long begin = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - begin > patience.toNanos()) {
        return false;
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    return true;
  }

  private boolean survive(LocalBackend local) throws Exception {
    ObservedBackend backend =
        new ObservedBackend(
            local,
            new ObservedBackend.Observer() {
              @Override
              public void controlPage(MemorySegment made) {
                page = made;
              }
            });
    if (victimIsServer) {
      while (serve(connect(backend))) {}
      return true;
    }
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(4096));
    try (VchanListener listener = VchanListener.open(backend, CLIENT, PORT, options)) {
      while (serve(listener.accept())) {}
      return true;
    }
  }

  private static Vchan connect(ObservedBackend backend) throws IOException {
    return Vchan.connect(backend, DomainId.DOM0, PORT, VchanOptions.DEFAULTS, Deadline.NEVER);
  }

  /** Whether to go on: this was not yet the last victim's channel. */
  private boolean serve(Vchan channel) throws Exception {
    Delivery delivery = new Survivor(channel, page, victimIsServer).outlive(plan(round));
    deliveries.add(delivery);
    return delivery.round() != rounds;
  }

  /** Mappings go when the collector finds them. */
  private void assertNothingMapped() {
    Watchdog.until(
        "rid of mappings",
        () -> {
          System.gc();
          try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return maps.noneMatch(line -> line.contains(root.toString()));
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
  }

  /** The file of locks stays by design; nothing else does. */
  private void assertNothingLeftAfterTheNextStart() throws IOException {
    LocalBackend.open(root, DomainId.DOM0).close();
    LocalBackend.open(root, CLIENT).close();
    try (Stream<Path> all = Files.walk(root)) {
      List<Path> left =
          all.filter(path -> !Files.isDirectory(path) && !path.equals(root.resolve("locks")))
              .toList();
      if (!left.isEmpty()) {
        throw new AssertionError("files left behind: " + left);
      }
    }
  }
}
