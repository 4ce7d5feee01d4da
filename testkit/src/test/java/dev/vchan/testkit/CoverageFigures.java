// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jacoco.core.analysis.Analyzer;
import org.jacoco.core.analysis.CoverageBuilder;
import org.jacoco.core.analysis.IBundleCoverage;
import org.jacoco.core.analysis.IClassCoverage;
import org.jacoco.core.analysis.ICounter;
import org.jacoco.core.tools.ExecFileLoader;

/**
 * What of the core its tests ran through; exits with 1 if that is less than it should be.
 *
 * <pre>CoverageFigures EXECUTION-DATA CLASSES DETAILS</pre>
 */
final class CoverageFigures {

  private static final double LINES = 0.95;
  private static final double BRANCHES = 0.90;

  private CoverageFigures() {}

  public static void main(String[] arguments) throws IOException {
    ExecFileLoader data = new ExecFileLoader();
    data.load(new File(arguments[0]));
    CoverageBuilder builder = new CoverageBuilder();
    new Analyzer(data.getExecutionDataStore(), builder).analyzeAll(new File(arguments[1]));
    Files.write(Path.of(arguments[2]), missed(builder));
    IBundleCoverage core = builder.getBundle("vchan-core");
    Figures figures = new Figures("coverage");
    boolean enough =
        report(figures, "lines", core.getLineCounter(), LINES)
            & report(figures, "branches", core.getBranchCounter(), BRANCHES);
    System.out.println("each line that is missed: " + arguments[2]);
    System.exit(enough ? 0 : 1);
  }

  private static boolean report(Figures figures, String what, ICounter counter, double least)
      throws IOException {
    figures.add(
        "coverage of vchan-core, %s: %d of %d, %.1f %% (at least %.0f %%)"
            .formatted(
                what,
                counter.getCoveredCount(),
                counter.getTotalCount(),
                100 * counter.getCoveredRatio(),
                100 * least));
    return counter.getCoveredRatio() >= least;
  }

  /** Lines that were not run, or only in one of their branches. */
  private static List<String> missed(CoverageBuilder builder) {
    List<String> lines = new ArrayList<>();
    for (IClassCoverage type : builder.getClasses()) {
      for (int line = type.getFirstLine(); line <= type.getLastLine(); line++) {
        int branches = type.getLine(line).getBranchCounter().getMissedCount();
        if (type.getLine(line).getInstructionCounter().getMissedCount() > 0 || branches > 0) {
          lines.add(
              "%s/%s:%d, %d branches"
                  .formatted(type.getPackageName(), type.getSourceFileName(), line, branches));
        }
      }
    }
    lines.sort(null);
    return lines;
  }
}
