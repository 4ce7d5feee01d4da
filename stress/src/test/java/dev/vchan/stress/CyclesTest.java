// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whoever opens, uses and closes channels without end holds no more at the end than at the
 * beginning. A socket or a file of which a single one is kept shows, and so does memory that is not
 * given back.
 */
@Timeout(value = 6, unit = TimeUnit.HOURS)
class CyclesTest {

  private static final long CYCLES = Figures.FULL ? 100_000 : 3_000;

  /** A single file or socket shows at once; memory only when there is enough of it. */
  private static final long FEW_CYCLES = 300;

  private static final long ENOUGH_CYCLES = 10_000;

  private static final int PARTS = 10;
  private static final int FEW_PARTS = 2;

  /** What the collector and the compiler take and give back by themselves, and more. */
  private static final long NOISE_KIB = 48 << 10;

  private static final long NOISE_COUNT = 16;

  private static final long SEED = Long.getLong("vchan.seed", new Random().nextLong());

  private static Figures figures;

  @TempDir private Path folder;

  @BeforeAll
  static void prepare() throws IOException {
    figures = new Figures("cycles");
    figures.add("seed " + SEED + " (-Dvchan.seed)");
  }

  @ParameterizedTest
  @EnumSource
  void nothingIsHeldInTheEnd(Place place) throws Exception {
    for (List<Holdings> each : play(place, Optional.empty(), CYCLES, PARTS)) {
      figures.add("cycles, %s: %s".formatted(place.title, verdict(each)));
      figures.add(Holdings.HEAD);
      for (int part = 0; part <= PARTS; part++) {
        figures.add(each.get(part).row(CYCLES * part / PARTS));
      }
      assertThat(growth(each)).as("what grew, seed %d", SEED).isEmpty();
    }
  }

  @Test
  void aSingleFileShows() throws Exception {
    shows(Place.BETWEEN_PROCESSES, Mutant.ONE_FILE_KEPT, FEW_CYCLES, "files");
  }

  @Test
  void aSingleSocketShows() throws Exception {
    shows(Place.BETWEEN_PROCESSES, Mutant.ONE_SOCKET_KEPT, FEW_CYCLES, "descriptors");
  }

  @Test
  void memoryShows() throws Exception {
    shows(Place.IN_PROCESS, Mutant.PAGES_NEVER_FREED, ENOUGH_CYCLES, "resident KiB");
  }

  private void shows(Place place, Mutant mutant, long cycles, String what) throws Exception {
    Path changed = Files.createDirectory(folder.resolve("changed"));
    mutant.compileTo(changed);
    for (List<Holdings> each : play(place, Optional.of(changed), cycles, FEW_PARTS)) {
      figures.add("cycles, %s, %s: %s".formatted(place.title, mutant.title(), verdict(each)));
      assertThat(growth(each)).anyMatch(grown -> grown.startsWith(what));
    }
  }

  /** What each process held at the start and after each part. */
  private List<List<Holdings>> play(Place place, Optional<Path> changed, long cycles, int parts)
      throws IOException {
    List<List<Holdings>> held = new ArrayList<>();
    List<ChildJvm> children = place.start(changed, Cycles.class, folder, "" + SEED);
    try {
      children.forEach(child -> held.add(new ArrayList<>()));
      for (int part = 0; part <= parts; part++) {
        if (part > 0) {
          ask(children, "play " + cycles / parts);
        }
        // Only when all have done: what one has not given back yet is in the other's count.
        List<String> lines = ask(children, "measure");
        for (int i = 0; i < lines.size(); i++) {
          held.get(i).add(Holdings.parse(lines.get(i)));
        }
      }
      return held;
    } finally {
      children.forEach(ChildJvm::close);
    }
  }

  private static List<String> ask(List<ChildJvm> children, String what) throws IOException {
    for (ChildJvm each : children) {
      each.tell(what);
    }
    List<String> answers = new ArrayList<>();
    for (ChildJvm each : children) {
      answers.add(each.line().orElseThrow(() -> new IOException(each + " has ended")));
    }
    return answers;
  }

  private static String verdict(List<Holdings> held) {
    List<String> grown = growth(held);
    return grown.isEmpty() ? "nothing is held in the end" : String.join(", ", grown);
  }

  /** What is held that was not: exactly where it can be counted, beyond all noise where not. */
  private static List<String> growth(List<Holdings> held) {
    List<String> grown = new ArrayList<>();
    Holdings start = held.getFirst();
    Holdings end = held.getLast();
    compare(grown, "descriptors", start.descriptors(), end.descriptors(), 0);
    compare(grown, "pages", start.pages(), end.pages(), 0);
    compare(grown, "files", start.files(), end.files(), 0);
    compare(grown, "our threads", start.threads(), end.threads(), 0);
    halves(grown, "all threads", held, Holdings::allThreads, NOISE_COUNT);
    halves(grown, "all mappings", held, Holdings::allMappings, NOISE_COUNT);
    halves(grown, "resident KiB", held, Holdings::residentKiB, NOISE_KIB);
    return grown;
  }

  /** The JVM grows until it knows its work: what counts is whether the second half adds to it. */
  private static void halves(
      List<String> grown,
      String what,
      List<Holdings> held,
      ToLongFunction<Holdings> number,
      long noise) {
    int middle = 1 + held.size() / 2;
    long before = held.subList(1, middle).stream().mapToLong(number).max().orElseThrow();
    long after = held.subList(middle, held.size()).stream().mapToLong(number).max().orElseThrow();
    compare(grown, what, before, after, noise);
  }

  private static void compare(
      List<String> grown, String what, long before, long after, long noise) {
    if (after > before + noise) {
      grown.add("%s from %d to %d".formatted(what, before, after));
    }
  }
}
