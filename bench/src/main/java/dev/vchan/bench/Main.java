// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import picocli.CommandLine;

/** The command {@code vchan bench}, as the launcher in the root of the repository starts it. */
public final class Main {

  private static final int FAILED = 1;

  private Main() {}

  /**
   * Runs the command and ends the JVM with its exit code.
   *
   * @param arguments as typed, behind {@code bench}
   */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Bench())
        .setParameterExceptionHandler(
            (failure, words) -> {
              CommandLine line = failure.getCommandLine();
              line.getErr().println("vchan bench: " + failure.getMessage());
              line.getErr().println("Try 'vchan bench --help'.");
              return CommandLine.ExitCode.USAGE;
            })
        .setExecutionExceptionHandler(
            (failure, line, parsed) -> {
              if (System.getenv("VCHAN_TRACE") != null) {
                failure.printStackTrace(line.getErr());
              }
              line.getErr().println("vchan bench: " + failure);
              return FAILED;
            });
  }
}
