// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.cli.transfer.Sender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Sends files. */
@Command(
    name = "send",
    description = {
      "Send files to 'vchan receive', with their modes and dates. Succeeds when the other side has"
          + " each file on its disk and has confirmed its SHA-256.",
      "",
      "A transfer that was interrupted goes on where it ended when it is started again."
    },
    footer = {
      "",
      Address.OPERANDS + " A file with a name of digits only: ./1.",
      "",
      "Examples:",
      "  vchan send photo.jpg drop           to domain 0",
      "  vchan send a.iso b.iso 3 drop       to domain 3",
      "  vchan send -l photo.jpg 3 drop      wait for 'vchan receive -c' of domain 3"
    })
final class SendCommand implements Callable<Integer> {

  private static final String NOT_UTF_8 =
      "a name that is not UTF-8 cannot be sent (send a link to the file: ln -s FILE NAME): ";

  @ParentCommand private @Nullable VchanCommand common;

  @Parameters(
      arity = "0..*",
      paramLabel = "FILE... [DOMID] PORT",
      hideParamSyntax = true,
      description = "What to send, and where to meet the other side.")
  private List<String> operands = List.of();

  @Option(names = "-l", description = "Listen instead of connecting.")
  private boolean listen;

  @Mixin private TransferOptions options = new TransferOptions();

  @Override
  public Integer call() throws IOException {
    VchanCommand vchan = Objects.requireNonNull(common);
    int last = operands.size() - 1;
    if (last < 1) {
      throw vchan.usage(
          new IllegalArgumentException("expected FILE... [DOMID] PORT, but there is " + operands));
    }
    int first = last > 1 && Address.isDomain(operands.get(last - 1)) ? last - 1 : last;
    Address address = vchan.address(operands.subList(first, last + 1));
    List<Path> files = files(operands.subList(0, first));
    Console console = vchan.console();
    options.run(
        vchan,
        address,
        listen,
        channel ->
            new Sender(channel, options.patience(), options.progress(), console::say).send(files));
    return ExitCodes.DONE;
  }

  private static Path path(String name) throws CommandFailure {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new CommandFailure(ExitCodes.FAILED, NOT_UTF_8 + name);
    }
  }

  /** Java puts this mark in place of bytes that are no characters, and cannot find such a file. */
  private static String missing(String name) {
    return name.indexOf('\uFFFD') >= 0 ? NOT_UTF_8 : "no such file: ";
  }

  /** Looks at all of them before anything is sent. */
  private static List<Path> files(List<String> names) throws IOException {
    List<Path> files = new ArrayList<>();
    for (String name : names) {
      Path file = path(name);
      if (Files.isDirectory(file)) {
        throw new CommandFailure(
            ExitCodes.FAILED,
            name + " is a directory; send its files, or pack it: tar -cf " + name + ".tar " + name);
      }
      if (!Files.isRegularFile(file)) {
        throw new CommandFailure(
            ExitCodes.FAILED, (Files.exists(file) ? "not a regular file: " : missing(name)) + name);
      }
      if (!Files.isReadable(file)) {
        throw new CommandFailure(ExitCodes.FAILED, "permission denied: " + name);
      }
      files.add(file);
    }
    return files;
  }
}
