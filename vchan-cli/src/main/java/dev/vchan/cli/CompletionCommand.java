// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints a completion script. */
@Command(
    name = "completion",
    description = "Print a completion script for a shell.",
    footer = {
      "",
      "Examples:",
      "  source <(vchan completion bash)     now; in ~/.bashrc for always",
      "  source <(vchan completion zsh)"
    })
final class CompletionCommand implements Runnable {

  /** The shells there is a script for. */
  enum Shell {
    bash,
    zsh
  }

  @Spec private @Nullable CommandSpec spec;

  // One script serves both shells: under zsh it switches on zsh's emulation of bash by itself.
  @Parameters(paramLabel = "SHELL", description = "${COMPLETION-CANDIDATES}")
  private @Nullable Shell shell;

  @Override
  public void run() {
    CommandLine line = Objects.requireNonNull(spec).root().commandLine();
    String script = AutoComplete.bash("vchan", line);
    line.getOut().print(script.replaceFirst("^#!.*bash\n", "#!/usr/bin/env " + shell + "\n"));
    line.getOut().flush();
  }
}
