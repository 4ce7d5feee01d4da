// SPDX-License-Identifier: Apache-2.0
package dev.vchan.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** ARCHITECTURE.md is true, as far as reading the sources can tell. */
class ArchitectureTest {

  private static final String CORE = "vchan-core/src/main/java/dev/vchan";

  /** How memory is accessed by the means of the language. */
  private static final Pattern ACCESS =
      Pattern.compile(
          "VarHandle|ValueLayout|\\bUnsafe\\b|MemorySegment\\.copy|\\.(get|set)AtIndex\\(");

  private static final Pattern WAITING =
      Pattern.compile(
          "System\\.(nanoTime|currentTimeMillis)|Instant\\.now|LockSupport"
              + "|Thread\\.(yield|sleep|onSpinWait)|\\.wait\\(");

  /** Left as a side, not as what remains. */
  private static final Pattern SIDES =
      Pattern.compile("\\b(left|right)[A-Z]|\\bright\\b|\\b(LEFT|RIGHT)_");

  private static final Pattern NATIVE =
      Pattern.compile("\\bnative\\b|\\bLinker\\b|SymbolLookup|System\\.load");

  private static final int MOST_LINES = 400;

  @Test
  void everyMainFileIsNamed() {
    String map = Repository.read("ARCHITECTURE.md");
    assertThat(Repository.mainSources()).isNotEmpty();
    assertThat(Repository.mainSources().stream().map(Repository::name))
        .describedAs("main files that ARCHITECTURE.md does not name")
        .filteredOn(file -> !map.contains("`" + file.replaceFirst(".*/", "") + "`"))
        .isEmpty();
  }

  @Test
  void onlyOneClassOfTheCoreAccessesSharedMemory() {
    // The counter and the favourite are objects of this JVM; the fake kernel clears bytes, as a
    // kernel does.
    assertThat(coreFilesWith(ACCESS))
        .containsExactlyInAnyOrder(
            "SharedAccess.java",
            "Favourite.java",
            "spi/EventCounter.java",
            "inprocess/InProcessPages.java");
    assertThat(code(CORE + "/spi/EventCounter.java")).doesNotContain("MemorySegment");
    assertThat(code(CORE + "/Favourite.java")).doesNotContain("MemorySegment");
  }

  @Test
  void onlyThePageAndTheRingsUseThatClass() {
    assertThat(coreFilesWith(Pattern.compile("\\bSharedAccess\\.")))
        .containsExactlyInAnyOrder("ControlPage.java", "RingReader.java", "RingWriter.java");
  }

  @Test
  void onlyTheRingsMoveAnIndex() {
    String move = "\\.publish(IncomingConsumer|OutgoingProducer)\\(";
    assertThat(coreFilesWith(Pattern.compile(move)))
        .containsExactlyInAnyOrder("RingReader.java", "RingWriter.java");
  }

  @Test
  void onlyOneClassOfTheCoreKnowsTimeAndWaiting() {
    assertThat(coreFilesWith(WAITING)).containsExactly("spi/Parking.java");
  }

  @Test
  void theSidesOfThePageHaveNoNamesBeyondTheHandshake() {
    assertThat(coreFilesWith(SIDES))
        .containsExactlyInAnyOrder("ControlPage.java", "Handshake.java", "RingLayout.java");
  }

  @Test
  void theEndpointKnowsNoBackend() {
    assertThat(coreFilesWith(Pattern.compile("dev\\.vchan\\.inprocess")))
        .allMatch(file -> file.startsWith("inprocess/") || file.equals("module-info.java"));
  }

  @Test
  void modulesRequireWhatTheySay() {
    assertThat(requiresOf("vchan-core")).containsExactly("static org.jspecify");
    assertThat(requiresOf("vchan-local"))
        .containsExactlyInAnyOrder("static org.jspecify", "transitive dev.vchan", "jdk.net");
    assertThat(requiresOf("vchan-libc"))
        .containsExactlyInAnyOrder("static org.jspecify", "transitive dev.vchan");
    assertThat(requiresOf("vchan-xen"))
        .containsExactlyInAnyOrder("static org.jspecify", "transitive dev.vchan");
  }

  @Test
  void onlyTwoFilesLinkNativeFunctions() {
    assertThat(Repository.mainSources().stream().map(Repository::name))
        .filteredOn(file -> NATIVE.matcher(code(file)).find())
        .containsExactlyInAnyOrder(
            "vchan-libc/src/main/java/dev/vchan/libc/LibC.java",
            "vchan-xen/src/main/java/dev/vchan/xen/LibC.java");
  }

  @Test
  void noMainFileIsLongerThanAReaderBears() {
    for (Path file : Repository.mainSources()) {
      assertThat(code(Repository.name(file)).lines().filter(line -> !line.isBlank()).count())
          .describedAs("lines of code in %s", Repository.name(file))
          .isLessThanOrEqualTo(MOST_LINES);
    }
  }

  @Test
  void everySourceSaysItsLicence() {
    for (Path file : Repository.files()) {
      if (file.toString().endsWith(".java")) {
        assertThat(Repository.read(file))
            .describedAs(Repository.name(file))
            .startsWith("// SPDX-License-Identifier: Apache-2.0\n");
      }
    }
  }

  /** Main files of the core in which a pattern occurs outside comments and strings. */
  private static Set<String> coreFilesWith(Pattern pattern) {
    Set<String> found = new TreeSet<>();
    String folder = "vchan-core/src/main/java/";
    for (Path file : Repository.mainSources("vchan-core")) {
      String name = Repository.name(file);
      if (pattern.matcher(code(name)).find()) {
        found.add(name.substring(folder.length()).replaceFirst("^dev/vchan/", ""));
      }
    }
    return found;
  }

  private static List<String> requiresOf(String module) {
    return Pattern.compile("requires ([^;]+);")
        .matcher(code(module + "/src/main/java/module-info.java"))
        .results()
        .map(found -> found.group(1))
        .toList();
  }

  /** A source without comments, and with nothing between the quotes of its strings. */
  private static String code(String file) {
    return Repository.read(file)
        .replaceAll("(?s)/\\*.*?\\*/", "")
        .replaceAll("(?m)//.*$", "")
        .replaceAll("\"(\\\\.|[^\"\\\\\n])*\"", "\"\"");
  }
}
