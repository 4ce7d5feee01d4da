// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.cli.transfer.Receiver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Receives files. */
@Command(
    name = "receive",
    description = {
      "Receive what 'vchan send' sends, into DIR or the current directory. A file has its name only"
          + " when it is whole, checked and on the disk; until then it is called NAME.vchan-part."
          + " What is left of an interrupted transfer is used when the file is sent again."
    },
    footer = {
      "",
      Address.OPERANDS
          + " Of two operands, the first is DOMID if it is all digits; else they are"
          + " PORT and DIR.",
      "",
      "Examples:",
      "  vchan receive drop                  from domain 0, into the current directory",
      "  vchan receive 3 drop ~/incoming     from domain 3",
      "  vchan receive -c 3 drop             connect to 'vchan send -l' of domain 3"
    })
final class ReceiveCommand implements Callable<Integer> {

  @ParentCommand private @Nullable VchanCommand common;

  @Parameters(
      arity = "0..*",
      paramLabel = "[DOMID] PORT [DIR]",
      hideParamSyntax = true,
      description = "Where to meet the other side, and where files go.")
  private List<String> operands = List.of();

  @Option(names = "-c", description = "Connect instead of listening.")
  private boolean connect;

  @Option(
      names = {"-f", "--force"},
      description = "Replace files that are there already.")
  private boolean overwrite;

  @Option(names = "--hidden", description = "Take files whose names begin with a dot.")
  private boolean hidden;

  @Option(
      names = "--max-size",
      paramLabel = "BYTES",
      converter = Converters.Bytes.class,
      description = "Most bytes to take in all, such as 500M or 2G.")
  private long mostBytes = Long.MAX_VALUE;

  @Mixin private TransferOptions options = new TransferOptions();

  @Override
  public Integer call() throws IOException {
    VchanCommand vchan = Objects.requireNonNull(common);
    boolean withDomain = operands.size() > 1 && Address.isDomain(operands.get(0));
    int port = withDomain ? 1 : 0;
    Address address = vchan.address(operands.subList(0, Math.min(port + 1, operands.size())));
    if (operands.size() > port + 2) {
      throw vchan.usage(
          new IllegalArgumentException("expected [DOMID] PORT [DIR], but there is " + operands));
    }
    Path directory = Path.of(operands.size() > port + 1 ? operands.get(port + 1) : ".");
    check(directory, address.port());
    Console console = vchan.console();
    Receiver.Rules rules = new Receiver.Rules(directory, overwrite, hidden, mostBytes);
    options.run(
        vchan,
        address,
        !connect,
        channel ->
            new Receiver(channel, options.patience(), rules, options.progress(), console::say)
                .receive());
    return ExitCodes.DONE;
  }

  private static void check(Path directory, String port) throws IOException {
    if (!Files.isDirectory(directory)) {
      String hint =
          Files.isDirectory(Path.of(port))
              ? "; the other order: receive %s %s".formatted(directory, port)
              : "";
      throw new CommandFailure(ExitCodes.FAILED, "not a directory: " + directory + hint);
    }
    if (!Files.isWritable(directory)) {
      throw new CommandFailure(ExitCodes.FAILED, "cannot write to directory " + directory);
    }
  }
}
