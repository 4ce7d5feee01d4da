// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Standard input and output over a channel, as its client. */
@Command(
    name = "connect",
    description = {
      "Connect to a server, waiting for it if need be, then copy standard input to it and what it"
          + " sends to standard output, both at once, until both have ended.",
      "",
      "The end of standard input is passed on, and the other direction stays open."
    },
    footer = {
      "",
      Address.OPERANDS,
      "",
      "Examples:",
      "  vchan connect hello < file          to domain 0",
      "  vchan connect -w 5 1 hello          give up after five seconds",
      "  vchan connect 1 /local/domain/1/data/vchan/0/hello",
      "  vchan 1 hello                       the same as connect 1 hello"
    })
final class ConnectCommand implements Callable<Integer> {

  @ParentCommand private @Nullable VchanCommand common;

  @Parameters(
      arity = "0..*",
      paramLabel = "[DOMID] PORT",
      hideParamSyntax = true,
      description = "Where to meet the other side.")
  private List<String> operands = List.of();

  @Option(
      names = "-w",
      paramLabel = "SECS",
      converter = Converters.Seconds.class,
      description = "Give up (exit code 3) if there is no server for this long.")
  private @Nullable Duration patience;

  @Mixin private Ending ending = new Ending();

  @Override
  public Integer call() throws IOException {
    VchanCommand vchan = Objects.requireNonNull(common);
    StandardStreams streams = StandardStreams.open();
    Exchange exchange =
        new Exchange(
            vchan.console(),
            streams.output(),
            new InputPump(streams.input()),
            ending,
            streams.inputIsTerminal());
    try (Meeting meeting = Meeting.open(vchan, vchan.address(operands), patience)) {
      meeting.protect(exchange::isCutShort);
      exchange.runOnly(meeting.connect());
    }
    return ExitCodes.DONE;
  }
}
