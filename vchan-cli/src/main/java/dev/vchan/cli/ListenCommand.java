// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.PeerClosedException;
import dev.vchan.PeerDiedException;
import dev.vchan.ProtocolViolationException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
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

/** Standard input and output over a channel, as its server. */
@Command(
    name = "listen",
    description = {
      "Wait for a client, then copy standard input to it and what it sends to standard output, both"
          + " at once, until both have ended.",
      "",
      "The end of standard input is passed on, and the other direction stays open. With nothing to"
          + " send, start with < /dev/null; a terminal as standard input does not keep the session"
          + " open once the client has sent everything."
    },
    footer = {
      "",
      Address.OPERANDS,
      "",
      "Examples:",
      "  vchan listen hello                  for domain 0",
      "  vchan listen 2 hello > copy < /dev/null",
      "  vchan listen -k log >> all.log      one client after another",
      "  vchan -l 2 hello                    the same as listen 2 hello"
    })
final class ListenCommand implements Callable<Integer> {

  @ParentCommand private @Nullable VchanCommand common;

  @Parameters(
      arity = "0..*",
      paramLabel = "[DOMID] PORT",
      hideParamSyntax = true,
      description = "Where to meet the other side.")
  private List<String> operands = List.of();

  @Option(
      names = "-k",
      description =
          "Serve one client after another. Standard input goes to whoever is connected while it is"
              + " read; a session ends when its client has sent everything and no input is at"
              + " hand.")
  private boolean keepListening;

  @Option(
      names = "-w",
      paramLabel = "SECS",
      converter = Converters.Seconds.class,
      description = "Give up (exit code 3) if no client comes for this long.")
  private @Nullable Duration patience;

  @Mixin private Ending ending = new Ending();

  @Override
  public Integer call() throws IOException {
    VchanCommand vchan = Objects.requireNonNull(common);
    StandardStreams streams = StandardStreams.open();
    Console console = vchan.console();
    Exchange exchange =
        new Exchange(
            console,
            streams.output(),
            new InputPump(streams.input()),
            ending,
            keepListening || streams.inputIsTerminal());
    try (Meeting meeting = Meeting.open(vchan, vchan.address(operands), patience)) {
      meeting.protect(exchange::isCutShort);
      if (keepListening) {
        serveAll(meeting, exchange, console);
      } else {
        exchange.runOnly(meeting.acceptOne());
      }
    }
    return ExitCodes.DONE;
  }

  private static void serveAll(Meeting meeting, Exchange exchange, Console console)
      throws IOException {
    try (VchanListener listener = meeting.listen()) {
      while (true) {
        Vchan channel = meeting.accept(listener);
        try {
          exchange.run(channel);
        } catch (PeerClosedException | PeerDiedException | ProtocolViolationException e) {
          // That client is gone; the next one has nothing to do with it.
          console.say(Failures.describe(e));
        }
      }
    }
  }
}
