// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/**
 * Stands for the benchmark, which is a program of its own with libraries that nothing else needs:
 * the launcher starts it instead of this.
 */
@Command(
    name = "bench",
    description = {
      "Measure vchan beside libxenvchan, sockets, pipes and rings. Only from the repository, where"
          + " the launcher builds and starts it if its name is the first word; './vchan bench"
          + " --help' there has the options."
    },
    footer = {
      "",
      "Examples:",
      "  vchan bench --quick                 a first impression, two minutes",
      "  vchan bench --html report.html      everything, half an hour"
    })
final class BenchCommand implements Callable<Integer> {

  @SuppressWarnings("UnusedVariable") // Picocli itself acts on it.
  @Unmatched
  private final List<String> options = new ArrayList<>();

  @Override
  public Integer call() throws CommandFailure {
    throw new CommandFailure(
        ExitCodes.FAILED,
        "the benchmark is in the repository: run './vchan bench' there, with 'bench' as the first"
            + " word");
  }
}
