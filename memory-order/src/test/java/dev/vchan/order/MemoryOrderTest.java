// SPDX-License-Identifier: Apache-2.0
package dev.vchan.order;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.order.Litmus.Seen;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.SourceChange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * No test sees what is forbidden; each sees it as soon as the production code is weaker at the
 * place it is about, or it is said why it cannot.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class MemoryOrderTest {

  private static final boolean X86 = System.getProperty("os.arch").equals("amd64");

  /** Few pages at a time, and a small heap that need not be touched first. */
  private static final String SMALL_STEPS = "-strideSize 64 -strideCount 50 -hs 64 -pth false";

  /** One configuration of the JVM, in which C2 chooses at random among the orders it may choose. */
  private static final List<String> SMALL =
      options(
          "-sc false -f 1 -iters 1 -time 500",
          "-jvmArgs",
          "-XX:+UnlockDiagnosticVMOptions -XX:+StressLCM -XX:+StressGCM -XX:+StressIGVN");

  /** Each actor interpreted, and compiled by C1 and by C2, with and without such choices. */
  private static final List<String> LARGE = options("-f 1 -fsm 1 -iters 2 -time 900");

  private static Figures figures;
  private static Litmus litmus;
  private static Map<String, Seen> held;

  @TempDir private static Path folder;

  @BeforeAll
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  static void runAll() throws Exception {
    figures = new Figures("memory-order");
    litmus = new Litmus(folder);
    held = litmus.run(Optional.empty(), Litmus.tests(), Figures.FULL ? LARGE : SMALL);
  }

  @Case("T91")
  @Test
  void everyTestRanAndNoneSawWhatIsForbidden() throws IOException {
    assertThat(held.keySet()).containsExactlyElementsOf(Litmus.tests());
    for (Map.Entry<String, Seen> test : held.entrySet()) {
      assertThat(test.getValue().errors()).isEmpty();
      assertThat(test.getValue().samples()).as(test.getKey()).isPositive();
      assertThat(test.getValue().forbidden()).as(test.getKey()).isZero();
    }
  }

  @Case("T91")
  @ParameterizedTest
  @EnumSource
  void weakerCodeIsNoticed(Weakening row) throws Exception {
    List<String> tests = Litmus.tests().stream().filter(row::concerns).toList();
    Seen kept =
        tests.stream()
            .map(test -> held.getOrDefault(test, Seen.NOTHING))
            .reduce(Seen.NOTHING, Seen::with);
    boolean holds = kept.samples() > 0 && kept.forbidden() == 0;
    String line =
        "%s, %s: %s (%,d samples)"
            .formatted(row, row.order, holds ? "holds" : "DOES NOT HOLD", kept.samples());
    boolean showable = row.whyNot.isEmpty();
    if (!showable) {
      line += "; %s: not showable on x86-64 (%s)".formatted(row.weaker, row.whyNot);
    }
    if (!showable && !Figures.FULL) {
      figures.add(line);
      return;
    }
    Map<String, Seen> without = weaker(row, tests);
    for (Map.Entry<String, Seen> test : without.entrySet()) {
      Seen seen = test.getValue();
      line +=
          "; %s: seen %,d times in %,d samples of %s"
              .formatted(row.weaker, seen.forbidden(), seen.samples(), test.getKey());
    }
    figures.add(line);
    assertThat(without.keySet()).containsExactlyInAnyOrderElementsOf(tests);
    for (Seen seen : without.values()) {
      assertThat(seen.errors()).isEmpty();
      if (showable) {
        assertThat(seen.forbidden()).isPositive();
      } else if (X86) {
        assertThat(seen.forbidden()).as("not showable: " + row.whyNot).isZero();
      }
    }
  }

  private static Map<String, Seen> weaker(Weakening row, List<String> tests) throws Exception {
    Path classes = Files.createDirectory(folder.resolve(row.name()));
    SourceChange.compile(List.of(row.change), classes);
    return litmus.run(Optional.of(classes), tests, SMALL);
  }

  private static List<String> options(String common, String... others) {
    List<String> all = new ArrayList<>(List.of((common + " " + SMALL_STEPS).split(" ")));
    all.addAll(List.of("-jvmArgsPrepend", "--enable-native-access=ALL-UNNAMED"));
    all.addAll(List.of(others));
    return all;
  }
}
