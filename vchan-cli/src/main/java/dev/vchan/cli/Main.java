// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
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
    System.exit(code);
  }

  static int run(String... arguments) {
    CommandLine line = commandLine();
    try {
      return line.execute(translate(line, arguments));
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
    return line;
  }

  private static void describeExitCodes(CommandLine line) {
    line.getCommandSpec().usageMessage().exitCodeListHeading("%nExit codes:%n");
    line.getCommandSpec().usageMessage().exitCodeList(ExitCodes.table());
    line.getSubcommands().values().forEach(Main::describeExitCodes);
  }

  /**
   * Understands what ocaml-vchan's xencat takes: {@code -l DOMID PORT} is listen, {@code DOMID
   * PORT} is connect. Nothing that names a command is touched.
   */
  static String[] translate(CommandLine line, String... arguments) {
    List<String> words = new ArrayList<>(Arrays.asList(arguments));
    if (words.stream().anyMatch(line.getSubcommands()::containsKey) && !"-l".equals(words.get(0))) {
      return arguments;
    }
    if (words.remove("-l")) {
      words.addFirst("listen");
    } else if (words.size() >= 2 && Address.isDomain(words.get(words.size() - 2))) {
      words.addFirst("connect");
    }
    return words.toArray(String[]::new);
  }

  private static int wrongUsage(ParameterException failure, String[] arguments) {
    CommandLine line = failure.getCommandLine();
    String name = line.getCommandSpec().qualifiedName();
    line.getErr().println(name + ": " + complaint(failure, arguments));
    UnmatchedArgumentException.printSuggestions(failure, line.getErr());
    line.getErr().println("Try '" + name + " --help'.");
    return ExitCodes.USAGE;
  }

  private static String complaint(ParameterException failure, String[] arguments) {
    boolean noSuchCommand =
        failure instanceof UnmatchedArgumentException unmatched
            && failure.getCommandLine().getParent() == null
            && !unmatched.isUnknownOption();
    return noSuchCommand
        ? "no such command: " + arguments[0]
        : String.valueOf(failure.getMessage());
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
