// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.DomainId;
import dev.vchan.VchanListener;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Figures;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * How much innocent channels carry while others of their JVM have a {@link Vandal} at the other
 * end, beside how much they carry while the same vandal does the same by itself. In turns, so that
 * both meet the same machine. Not a test of an ordinary build: {@code stress/vandal --bench}.
 */
final class VandalBench {

  private static final int ROUNDS = 7;
  private static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(800);

  /** After one vandal was told to rest and the other to begin. */
  private static final long CHANGE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** Innocents keep half. */
  private static final double LEAST = 0.5;

  private static final Duration MOST = Duration.ofMinutes(9);
  private static final Duration WARM_UP = Duration.ofSeconds(5);

  private static final List<String> DEEDS =
      List.of("SCRIBBLE", "INDICES", "WORD", "LIVE", "FLOOD", "FRAMES", "NOTICES", "all");

  private final Figures figures;
  private final List<Innocent> innocents = new ArrayList<>();
  private double worst = Double.MAX_VALUE;

  @TempDir private Path folder;

  VandalBench() throws IOException {
    figures = new Figures("vandal-bench");
  }

  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  @Test
  void innocentsKeepHalfOfWhatTheyCarry() throws Exception {
    run(folder.resolve("hub"), folder.resolve("elsewhere"));
    assertThat(worst)
        .as("the least ratio, see target/figures/vandal-bench.txt")
        .isGreaterThanOrEqualTo(LEAST);
  }

  private void run(Path root, Path elsewhere) throws Exception {
    Findings findings = new Findings();
    Random random = new Random(1);
    try (LocalBackend ours = LocalBackend.open(root, DomainId.DOM0);
        LocalBackend theirs = LocalBackend.open(root, new DomainId(1));
        LocalBackend nobody = LocalBackend.open(elsewhere, DomainId.DOM0);
        VchanListener listener = Attacked.listen(ours)) {
      for (Thread.Builder threads : List.of(Thread.ofPlatform().daemon(), Thread.ofVirtual())) {
        String name = "innocent" + innocents.size();
        innocents.add(new Innocent(ours, theirs, name, threads, 0, findings).start(1));
      }
      List<Attacked> attacked =
          List.of(
              Attacked.server(listener, random, findings).start(),
              Attacked.client(ours, random, findings).start());
      try (ChildJvm vandal = start(root, "1");
          ChildJvm twin = start(nobody.root(), "1", "elsewhere")) {
        for (ChildJvm one : List.of(vandal, twin)) {
          one.tell("all");
          LockSupport.parkNanos(WARM_UP.toNanos());
          one.tell("rest");
        }
        for (String deed : DEEDS) {
          row(deed, vandal, twin);
        }
      }
      for (Attacked each : attacked) {
        each.close();
      }
      for (Innocent each : innocents) {
        each.close();
      }
    }
    assertThat(findings.first()).isEqualTo("-");
  }

  private static ChildJvm start(Path root, String... more) throws IOException {
    List<String> words = new ArrayList<>(List.of(root.toString()));
    words.addAll(List.of(more));
    return new ChildJvm(Optional.empty(), MOST, Vandal.class, words.toArray(String[]::new));
  }

  private void row(String deed, ChildJvm vandal, ChildJvm twin) throws IOException {
    double[] beside = new double[ROUNDS];
    double[] under = new double[ROUNDS];
    Duration busyTwin = cpuTime(twin);
    Duration busyVandal = cpuTime(vandal);
    for (int i = 0; i < ROUNDS; i++) {
      beside[i] = round(deed, twin);
      under[i] = round(deed, vandal);
    }
    double ratio = median(under) / median(beside);
    worst = Math.min(worst, ratio);
    figures.add(
        "%-8s %7.1f MB/s under the vandal, %7.1f beside its twin: %.2f%s (busy for %d and %d ms, load %.1f)"
            .formatted(
                deed,
                median(under),
                median(beside),
                ratio,
                ratio < LEAST ? ", LESS THAN HALF" : "",
                cpuTime(vandal).minus(busyVandal).toMillis(),
                cpuTime(twin).minus(busyTwin).toMillis(),
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage()));
  }

  private static Duration cpuTime(ChildJvm one) {
    return ProcessHandle.of(one.pid()).orElseThrow().info().totalCpuDuration().orElseThrow();
  }

  /** Million bytes in a second, there and back counted once, of all innocents. */
  private double round(String deed, ChildJvm vandal) throws IOException {
    vandal.tell(deed);
    LockSupport.parkNanos(CHANGE_NANOS);
    long start = System.nanoTime();
    long before = carried();
    LockSupport.parkNanos(ROUND_NANOS);
    double rate = 1000.0 * (carried() - before) / (System.nanoTime() - start);
    vandal.tell("rest");
    LockSupport.parkNanos(CHANGE_NANOS);
    return rate;
  }

  private long carried() {
    return innocents.stream().mapToLong(Innocent::carried).sum();
  }

  private static double median(double[] values) {
    return Arrays.stream(values).sorted().skip(values.length / 2).findFirst().orElseThrow();
  }
}
