// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.cli.run.Tool;
import dev.vchan.cli.run.XenProgram;
import dev.vchan.cli.run.XenShim;
import dev.vchan.local.LocalBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/**
 * Runs a program that was written for Xen. The launcher replaces itself by the program, so that
 * signals, job control and exit code are the program's own; without the launcher we wait for it.
 */
@Command(
    name = "run",
    description = {
      "Run a program that uses libxenvchan on a machine without Xen, as it is. It meets other such"
          + " programs and our own commands in $VCHAN_DIR.",
      "",
      "A library that stands in for Xen's is loaded into the program; it is compiled when it is"
          + " first needed. Exit code: the program's own; 127 if there is no such program, 126 if"
          + " it cannot be run."
    },
    footer = {
      "",
      "Examples:",
      "  vchan run --domid 1 -- ./client 0 /local/domain/0/data/vchan/1/demo",
      "  vchan run vchan-socket-proxy -m server 1 /local/domain/0/data/vchan/1/p s",
      "  vchan doctor                        what is missing for it"
    })
final class RunCommand implements Callable<Integer> {

  /** Where the launcher wants to read what it shall start; it sets this. */
  private static final String PLAN = "vchan.plan";

  /** By which the library knows with whom the program is to end. */
  private static final String PARENT = "VCHAN_RUN_PARENT";

  private static final int CANNOT_RUN = 126;
  private static final int NOT_FOUND = 127;

  /** How long a program may take to end by itself: a terminal interrupts it as well as us. */
  private static final long GRACE_MILLIS = 2000;

  @Spec private @Nullable CommandSpec spec;
  @ParentCommand private @Nullable VchanCommand common;

  @Parameters(
      arity = "1..*",
      paramLabel = "COMMAND",
      hideParamSyntax = true,
      description = "COMMAND [ARGUMENT...]")
  private List<String> command = List.of();

  @Override
  public Integer call() throws IOException {
    VchanCommand vchan = Objects.requireNonNull(common);
    Path program = find(command.getFirst());
    XenProgram.check(program).ifPresent(vchan.console()::say);
    Map<String, String> environment = new TreeMap<>();
    try (LocalBackend local =
        vchan.openLocalBackend("on Xen programs need no help: start it without vchan run")) {
      environment.put("VCHAN_DIR", local.root().toString());
      environment.put("VCHAN_DOMID", local.self().toString());
    }
    Path library = XenShim.library();
    vchan.console().detail("loading " + library);
    environment.merge(XenShim.PRELOAD, preload(library), String::concat);
    String plan = System.getProperty(PLAN);
    if (plan == null) {
      return await(environment);
    }
    Files.writeString(Path.of(plan), plan(environment));
    return ExitCodes.DONE;
  }

  private static Path find(String name) throws CommandFailure {
    Path program =
        Tool.find(name)
            .orElseThrow(() -> new CommandFailure(NOT_FOUND, "no such program: " + name));
    if (!Files.isExecutable(program)) {
      throw new CommandFailure(CANNOT_RUN, "not executable: " + program);
    }
    return program;
  }

  /** Behind what the user has loaded by himself, which may want to see the program's calls. */
  private static String preload(Path library) {
    String before = System.getenv(XenShim.PRELOAD);
    return before == null || before.isEmpty() ? library.toString() : before + ":" + library;
  }

  /** For the launcher's shell: how many of its words are not the program's, and the environment. */
  private String plan(Map<String, String> environment) {
    int words =
        Objects.requireNonNull(spec).root().commandLine().getParseResult().originalArgs().size();
    StringBuilder plan = new StringBuilder("drop=" + (words - command.size()) + "\n");
    environment.forEach(
        (name, value) ->
            plan.append("export %s='%s'%n".formatted(name, value.replace("'", "'\\''"))));
    return plan.toString();
  }

  private int await(Map<String, String> environment) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    builder.environment().putAll(environment);
    builder.environment().put(PARENT, Long.toString(ProcessHandle.current().pid()));
    Process process = start(builder);
    Interruption.onInterrupt(
        () -> {
          if (!process.waitFor(GRACE_MILLIS, TimeUnit.MILLISECONDS)) {
            process.destroy();
            process.waitFor();
          }
          return false;
        });
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.destroy();
      throw new IOException("interrupted", e);
    }
  }

  private static Process start(ProcessBuilder builder) throws CommandFailure {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new CommandFailure(CANNOT_RUN, String.valueOf(e.getMessage()));
    }
  }
}
