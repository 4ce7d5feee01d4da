// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.util.List;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code vchan} command. */
public final class Main {

  private Main() {}

  /**
   * Runs the command and ends the JVM with its exit code. Ends it also when a thread still waits
   * for standard input, as it does when the other side is the first to have finished.
   *
   * @param arguments as typed
   */
  public static void main(String[] arguments) {
    int code = run(arguments);
    Interruption.commandEnded();
    // A JVM that a signal is ending needs no second end, and would complain that it cannot log it.
    if (!Interruption.isUnderWay()) {
      System.exit(code);
    }
  }

  static int run(String... arguments) {
    StandardOutput output = StandardOutput.install();
    CommandLine line = commandLine();
    try {
      int code = line.execute(Words.translate(line, arguments));
      output.check();
      return code;
    } catch (CommandFailure e) {
      return report(e, line);
    } catch (Error e) {
      // Picocli handles exceptions only. Nobody is to see a stack trace who has not asked for one.
      return report(e, line);
    }
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new VchanCommand());
    line.setParameterExceptionHandler(Main::wrongUsage);
    line.setExecutionExceptionHandler(Main::failed);
    describeExitCodes(line);
    hide(line, "connect", "--read-size", "--write-size");
    hide(line, "run", "--read-size", "--write-size");
    hide(line, "doctor", "--backend", "--read-size", "--write-size");
    for (String look : List.of("ls", "stat", "top")) {
      hide(line, look, "--domid", "--read-size", "--write-size");
    }
    hide(line, "bench", "--domid", "--backend", "--read-size", "--write-size");
    hide(line, "completion", "--domid", "--backend", "--read-size", "--write-size");
    // What follows the program's name is the program's.
    Objects.requireNonNull(line.getSubcommands().get("run")).setStopAtPositional(true);
    return line;
  }

  /** Options that every command takes, and that mean nothing to this one. */
  private static void hide(CommandLine line, String command, String... options) {
    CommandSpec spec = Objects.requireNonNull(line.getSubcommands().get(command)).getCommandSpec();
    for (String name : options) {
      OptionSpec option = spec.findOption(name);
      spec.remove(option);
      spec.addOption(OptionSpec.builder(option).hidden(true).build());
    }
  }

  private static void describeExitCodes(CommandLine line) {
    line.getCommandSpec().usageMessage().exitCodeListHeading("%nExit codes:%n");
    line.getCommandSpec().usageMessage().exitCodeList(ExitCodes.table());
    line.getSubcommands().values().forEach(Main::describeExitCodes);
  }

  private static int wrongUsage(ParameterException failure, String[] arguments) {
    CommandLine line = failure.getCommandLine();
    String name = line.getCommandSpec().qualifiedName();
    line.getErr().println(name + ": " + complaint(failure));
    line.getErr().println("Try '" + name + " --help'.");
    return ExitCodes.USAGE;
  }

  private static String complaint(ParameterException failure) {
    String message = String.valueOf(failure.getMessage());
    if (!(failure instanceof UnmatchedArgumentException unmatched)) {
      return message;
    }
    CommandLine line = failure.getCommandLine();
    String word = unmatched.getUnmatched().getFirst();
    if (unmatched.isUnknownOption()) {
      boolean files = line.getCommandName().equals("send");
      return "unknown option: " + word + (files ? "; for a file of that name: ./" + word : "");
    }
    return line.getParent() == null ? noSuchCommand(line, word) : message;
  }

  private static String noSuchCommand(CommandLine line, String word) {
    String meant =
        line.getSubcommands().keySet().stream()
            .filter(command -> command.startsWith(word.substring(0, Math.min(3, word.length()))))
            .findFirst()
            .map(command -> "; did you mean " + command + "?")
            .orElse("");
    return "no such command: " + word + meant;
  }

  private static int failed(Exception failure, CommandLine line, ParseResult parsed) {
    return report(failure, line);
  }

  private static int report(Throwable failure, CommandLine line) {
    VchanCommand common = (VchanCommand) line.getCommandSpec().root().userObject();
    if (common.wantsTraces()) {
      failure.printStackTrace(line.getErr());
    }
    // What fails because of the interruption is not worth a word, nor is it when nobody listens.
    if (!Interruption.isUnderWay() && Failures.exitCode(failure) != ExitCodes.PIPE) {
      common.console().say(Failures.describe(failure));
    }
    return Failures.exitCode(failure);
  }
}
