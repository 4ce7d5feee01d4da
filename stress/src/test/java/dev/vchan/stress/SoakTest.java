// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.stress.Soak.Sums;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What goes in comes out, in both directions at once, over rings and in pieces of all sizes: the
 * SHA-256 of both ends agree. They do not if the space of bytes is given back before they are
 * copied out.
 */
@Timeout(value = 6, unit = TimeUnit.HOURS)
class SoakTest {

  private static final int CHANNELS = 4;

  /** In the large run more than an index can count, so that it begins again at 0. */
  private static final long BYTES = Figures.FULL ? (1L << 32) + (1 << 22) : 1 << 25;

  private static final long MUTANT_BYTES = 1 << 24;

  private static final long SEED = Long.getLong("vchan.seed", new Random().nextLong());

  private static Figures figures;

  @TempDir private static Path mutant;

  @TempDir private Path root;

  @BeforeAll
  static void prepare() throws IOException {
    figures = new Figures("soak");
    figures.add("seed " + SEED + " (-Dvchan.seed)");
    Mutant.RELEASED_BEFORE_COPIED.compileTo(mutant);
  }

  @Case("T37")
  @ParameterizedTest
  @EnumSource
  void whatGoesInComesOut(Place place) throws Exception {
    List<Sums> kept = play(place, Optional.empty(), BYTES);
    List<Sums> without = play(place, Optional.of(mutant), MUTANT_BYTES);
    figures.add(
        "soak, %s: %d channels, %d bytes each way in %d ms, %s; %s: %s"
            .formatted(
                place.title,
                CHANNELS,
                kept.getFirst().bytes(),
                kept.getFirst().millis(),
                verdict(kept),
                Mutant.RELEASED_BEFORE_COPIED.title(),
                verdict(without)));
    assertThat(agree(kept)).as("SHA-256 of both sides, seed %d: %s", SEED, kept).isTrue();
    assertThat(agree(without)).as("SHA-256 of both sides of the mutant").isFalse();
  }

  private List<Sums> play(Place place, Optional<Path> changed, long bytes) throws IOException {
    return place.play(changed, Soak.class, root, "" + SEED, "" + CHANNELS, "" + bytes).stream()
        .flatMap(List::stream)
        .map(Sums::parse)
        .toList();
  }

  private static boolean agree(List<Sums> both) {
    Sums one = both.getFirst();
    Sums other = both.getLast();
    return both.size() == 2 && one.sent().equals(other.got()) && other.sent().equals(one.got());
  }

  private static String verdict(List<Sums> both) {
    return agree(both) ? "SHA-256 equal" : "SHA-256 differ";
  }
}
