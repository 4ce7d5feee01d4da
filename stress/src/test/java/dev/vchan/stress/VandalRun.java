// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.DomainId;
import dev.vchan.VchanListener;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * The process under attack: some of its channels have a {@link Vandal} at the other end, the others
 * are {@link Innocent}. The vandal is killed at random moments and comes back. Prints what
 * happened, and last what was wrong first.
 */
final class VandalRun {

  static final String VERDICT = "verdict\t";

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** Between two blocks of an innocent, so that the vandal has the processor most of the time. */
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** A JVM starts within this on a machine that does other things. */
  private static final long BIRTH_NANOS = TimeUnit.SECONDS.toNanos(60);

  private static final long HANG_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** At least so long until the JDK and its compiler have taken what they keep. */
  private static final Duration SETTLING = Duration.ofSeconds(4);

  /** How often to look at what this process holds. */
  private static final int LOOKS = 5;

  private final Path root;
  private final Random random;
  private final Duration time;
  private final Duration life;
  private final String deed;
  private final Findings findings = new Findings();
  private final List<Innocent> innocents = new ArrayList<>();
  private final List<Attacked> attacked = new ArrayList<>();
  private long[] carried = {};
  private long[] movedAt = {};
  private ChildJvm next;

  /** Whether the present vandal has done something: its life is counted from there. */
  private volatile boolean begun;

  private int lives;

  private VandalRun(String[] args) {
    root = Path.of(args[0]);
    random = new Random(Long.parseLong(args[1]));
    time = Duration.parse(args[2]);
    life = Duration.parse(args[3]);
    deed = args[4];
  }

  /**
   * Runs.
   *
   * @param args directory of the backend; seed; for how long; the longest life of a vandal; what it
   *     does, {@code all} or the name of a {@link Mischief}
   */
  public static void main(String[] args) throws Exception {
    VandalRun run = new VandalRun(args);
    Thread.setDefaultUncaughtExceptionHandler((thread, e) -> run.findings.wrong("untyped", e));
    run.run();
    run.end();
  }

  /** What hangs does not keep this process. */
  private void end() {
    System.out.println(VERDICT + findings.first());
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  private void run() throws Exception {
    try (LocalBackend ours = LocalBackend.open(root, DomainId.DOM0);
        LocalBackend theirs = LocalBackend.open(root, new DomainId(1));
        VchanListener listener = Attacked.listen(ours)) {
      for (Thread.Builder threads : List.of(Thread.ofPlatform().daemon(), Thread.ofVirtual())) {
        String name = "innocent" + innocents.size();
        innocents.add(
            new Innocent(ours, theirs, name, threads, PAUSE_NANOS, findings)
                .start(random.nextLong()));
      }
      carried = new long[innocents.size()];
      movedAt = new long[innocents.size()];
      attacked.add(Attacked.server(listener, new Random(random.nextLong()), findings).start());
      attacked.add(Attacked.client(ours, new Random(random.nextLong()), findings).start());
      next = start();
      Duration tenth = time.dividedBy(10);
      attack(tenth.compareTo(SETTLING) > 0 ? tenth : SETTLING);
      Footprint first = look(Optional.empty());
      for (int i = 0; i < LOOKS && isGood(); i++) {
        attack(time.dividedBy(LOOKS));
        look(Optional.of(first));
      }
      report();
      if (!isGood()) {
        end();
      }
      next.close();
      attacked.forEach(Attacked::close);
      for (Innocent innocent : innocents) {
        innocent.close();
      }
    }
  }

  private boolean isGood() {
    return findings.first().equals("-");
  }

  /** Lets one vandal after another loose. */
  private void attack(Duration howLong) throws IOException {
    long end = System.nanoTime() + howLong.toNanos();
    while (end - System.nanoTime() > 0 && isGood()) {
      try (ChildJvm vandal = next) {
        // It starts while this one lives: starting takes long.
        next = start();
        begun = false;
        vandal.tell(deed);
        waitUntil(() -> begun || !vandal.isAlive(), BIRTH_NANOS);
        waitUntil(
            () -> end - System.nanoTime() <= 0 || !vandal.isAlive(),
            random.nextLong(life.toNanos() / 4, life.toNanos()));
      }
      lives++;
    }
  }

  /** Looks after the innocents meanwhile. */
  private void waitUntil(BooleanSupplier condition, long mostNanos) {
    long start = System.nanoTime();
    while (isGood() && !condition.getAsBoolean() && System.nanoTime() - start < mostNanos) {
      LockSupport.parkNanos(LOOK_NANOS);
      seeInnocentsMove();
    }
  }

  private ChildJvm start() throws IOException {
    Duration most = time.plusMinutes(5);
    String seed = Long.toString(random.nextLong());
    ChildJvm vandal = new ChildJvm(Optional.empty(), most, Vandal.class, root.toString(), seed);
    Watchdog.start("deeds", () -> count(vandal));
    return vandal;
  }

  private boolean count(ChildJvm vandal) {
    try {
      for (Optional<String> deed = vandal.line(); deed.isPresent(); deed = vandal.line()) {
        findings.count(deed.get());
        begun = true;
      }
    } catch (IOException e) {
      // Killed in the middle of a word.
      return false;
    }
    return true;
  }

  private void seeInnocentsMove() {
    for (int i = 0; i < carried.length; i++) {
      long now = innocents.get(i).carried();
      if (now != carried[i] || movedAt[i] == 0) {
        carried[i] = now;
        movedAt[i] = System.nanoTime();
      } else if (System.nanoTime() - movedAt[i] > HANG_NANOS) {
        findings.wrong("hang: innocent " + i + " has not moved for ten seconds");
      }
    }
  }

  /** With the vandal gone, nothing may be left of it; the innocents go on meanwhile. */
  private Footprint look(Optional<Footprint> first) throws IOException {
    for (Attacked resting : attacked) {
      resting.rest();
    }
    Footprint now = Footprint.of(root);
    long start = System.nanoTime();
    while (first.isPresent() && isGood() && !now.isThatOf(first.get())) {
      if (System.nanoTime() - start > HANG_NANOS) {
        findings.wrong("footprint: at %s, and not back at %s".formatted(now, first.get()));
      }
      LockSupport.parkNanos(LOOK_NANOS);
      seeInnocentsMove();
      now = Footprint.of(root);
    }
    attacked.forEach(Attacked::resume);
    System.out.println("after " + lives + " vandals: " + now);
    return now;
  }

  private void report() {
    for (String what : List.of("server channels", "client channels")) {
      if (findings.of(what) == 0) {
        findings.wrong("no " + what + ": nobody was attacked");
      }
    }
    long bytes = innocents.stream().mapToLong(Innocent::carried).sum();
    System.out.println(
        "%d vandals, %d MiB of innocents checked, %s".formatted(lives, bytes >> 20, findings));
  }
}
