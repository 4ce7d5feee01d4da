// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.interop.Programs;
import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The word at offset 20, of which C changes single bytes and Java the whole: neither loses a change
 * of the other's. Each bit is set by one side and cleared by the other, and was set exactly as
 * often as it was cleared, but for the last time.
 */
class MixedWidthTest {

  /** For each side; together at least 10^8, or a tenth of it. */
  private static final long UPDATES = Figures.FULL ? 50_000_000 : 5_000_000;

  private static final long MUTANT_UPDATES = 1_000_000;

  private static final int PAGE = 4096;
  private static final int WORD = 20;

  /** Where a request stands in the word: C asks in the third byte, Java in the fourth. */
  private static final int C_ASKS = 16;

  private static final int JAVA_ASKS = 24;

  @TempDir private Path folder;

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void neitherWidthLosesAChangeOfTheOther() throws Exception {
    Path mutant = Files.createDirectory(folder.resolve("changed"));
    Mutant.UPDATE_NOT_ATOMIC.compileTo(mutant);
    Balance balance = play("page", Optional.empty(), UPDATES);
    Balance changed = play("page2", Optional.of(mutant), MUTANT_UPDATES);
    Figures figures = new Figures("interop-mixed-width");
    figures.add("mixed width: " + balance);
    figures.add(Mutant.UPDATE_NOT_ATOMIC.title() + ": " + changed);
    assertThat(balance.updates()).isGreaterThanOrEqualTo(2 * UPDATES);
    assertThat(balance.missing()).containsOnly(0);
    assertThat(changed.missing()).as("losses of the mutant").isNotEqualTo(new long[4]);
  }

  private Balance play(String name, Optional<Path> changed, long updates) throws Exception {
    Path file = Files.write(folder.resolve(name), new byte[PAGE]);
    Process process =
        new ProcessBuilder(Programs.mixedWidth().toString(), file.toString())
            .redirectError(Redirect.INHERIT)
            .start();
    try (BufferedReader c = process.inputReader();
        ChildJvm java =
            new ChildJvm(
                changed, Duration.ofMinutes(9), MixedWidth.class, file.toString(), "" + updates)) {
      long[] ours = numbers(java.line().orElseThrow(() -> new IOException(java + " has failed")));
      long[] theirs = numbers(c.readLine());
      return Balance.of(ours, theirs, word(file));
    } finally {
      process.destroyForcibly();
    }
  }

  private static long[] numbers(String line) {
    return Arrays.stream(line.split(" ")).mapToLong(Long::parseLong).toArray();
  }

  private static int word(Path file) throws IOException {
    byte[] page = Files.readAllBytes(file);
    return ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN).getInt(WORD);
  }

  /**
   * What became of the changes.
   *
   * @param updates atomic updates made by both sides
   * @param handed how often a bit was set by one side and cleared by the other
   * @param missing for each bit, settings without a clearing, beyond the one that still stands
   */
  private record Balance(long updates, long handed, long[] missing) {

    private static Balance of(long[] ours, long[] theirs, int word) {
      long[] missing = new long[4];
      for (int i = 0; i < 2; i++) {
        missing[i] = theirs[i] - ours[2 + i] - (word >> (C_ASKS + i) & 1);
        missing[2 + i] = ours[i] - theirs[2 + i] - (word >> (JAVA_ASKS + i) & 1);
      }
      long javas = Arrays.stream(ours).sum();
      long handed = ours[2] + ours[3] + theirs[2] + theirs[3];
      return new Balance(javas + theirs[4], handed, missing);
    }

    @Override
    public String toString() {
      return "%,d updates, %,d requests handed over, settings without a clearing: %s"
          .formatted(updates, handed, Arrays.toString(missing));
    }
  }
}
