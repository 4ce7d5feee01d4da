// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.cli.transfer.Sender;
import java.io.IOException;
import java.nio.file.Files;
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

  @ParentCommand private @Nullable VchanCommand common;

  @Parameters(
      arity = "2..*",
      paramLabel = "OPERAND",
      hideParamSyntax = true,
      description = "FILE... [DOMID] PORT")
  private List<String> operands = List.of();

  @Option(names = "-l", description = "Listen instead of connecting.")
  private boolean listen;

  @Mixin private TransferOptions options = new TransferOptions();

  @Override
  public Integer call() throws IOException {
    VchanCommand vchan = Objects.requireNonNull(common);
    int last = operands.size() - 1;
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

  /** Looks at all of them before anything is sent. */
  private static List<Path> files(List<String> names) throws IOException {
    List<Path> files = new ArrayList<>();
    for (String name : names) {
      Path file = Path.of(name);
      if (Files.isDirectory(file)) {
        throw new CommandFailure(
            ExitCodes.FAILED,
            name + " is a directory; send its files, or pack it: tar -cf " + name + ".tar " + name);
      }
      if (!Files.isRegularFile(file)) {
        throw new CommandFailure(
            ExitCodes.FAILED,
            (Files.exists(file) ? "not a regular file: " : "no such file: ") + name);
      }
      if (!Files.isReadable(file)) {
        throw new CommandFailure(ExitCodes.FAILED, "permission denied: " + name);
      }
      files.add(file);
    }
    return files;
  }
}
