// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** What the listener writes, seen by running tests with it inside this test. */
class CatalogueListenerTest {

  @TempDir Path module;

  @Test
  void eachCaseIsWrittenWithItsTestAndTheWorstOutcome() throws Exception {
    List<String> lines = run(Sample.class);

    String start = module.getFileName() + "\t" + Sample.class.getName() + "#";
    assertThat(lines)
        .containsExactly(
            "build\tB1",
            "T01\t" + start + "oneOfThreeParametersFails\tFAILED",
            "T02\t" + start + "oneOfThreeParametersFails\tFAILED",
            "T03\t" + start + "passes\tPASSED",
            "T04\t" + start + "isSkipped\tSKIPPED",
            "T05\t" + start + "isSkipped\tSKIPPED",
            "T05\t" + start + "oneOfThreeParametersFails\tFAILED",
            "T05\t" + start + "passes\tPASSED");
  }

  @Test
  void casesOfAnAbstractSuiteAreWrittenForItsSubclass() throws Exception {
    assertThat(run(Concrete.class))
        .containsExactly(
            "build\tB1",
            "T06\t%s\t%s#inherited\tPASSED".formatted(module.getFileName(), name(Concrete.class)),
            "T07\t%s\t%s#inherited\tPASSED".formatted(module.getFileName(), name(Concrete.class)));
  }

  @Test
  void whatTheSameBuildHasWrittenIsKeptAndAnOlderBuildIsForgotten() throws Exception {
    Path file = Files.createDirectories(module.resolve("target/catalogue")).resolve("results.tsv");
    Files.writeString(file, "build\tB0\nT01\tm\tolder#test\tPASSED\n");
    List<String> alone = run(Concrete.class);
    assertThat(alone).hasSize(3).noneMatch(line -> line.contains("older"));
    assertThat(run(Sample.class)).containsAll(alone).hasSize(8 + 2);
  }

  private static String name(Class<?> type) {
    return type.getName();
  }

  private List<String> run(Class<?> tests) throws Exception {
    var alone = LauncherConfig.builder().enableTestExecutionListenerAutoRegistration(false).build();
    var request = LauncherDiscoveryRequestBuilder.request().selectors(selectClass(tests)).build();
    LauncherFactory.create(alone).execute(request, new CatalogueListener(module, "B1"));
    return Files.readAllLines(module.resolve("target/catalogue/results.tsv"));
  }

  /** Not found by the build, which looks for classes whose names end in Test. */
  @Case("T05")
  static class Sample {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    @Case("T01")
    @Case("T02")
    void oneOfThreeParametersFails(int parameter) {
      assertEquals(0, parameter / 3);
    }

    @Test
    @Case("T03")
    void passes() {}

    @Test
    @Disabled("to be seen as skipped")
    @Case("T04")
    void isSkipped() {
      fail("must not run");
    }
  }

  @Case("T06")
  abstract static class Suite {

    @Test
    @Case("T07")
    void inherited() {}
  }

  static class Concrete extends Suite {}
}
