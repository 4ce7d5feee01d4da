// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.VchanListener;
import dev.vchan.cli.forward.ChannelEntrance;
import dev.vchan.cli.forward.Entrance;
import dev.vchan.cli.forward.Forwarder;
import dev.vchan.cli.forward.Reporter;
import dev.vchan.cli.forward.SocketEntrance;
import dev.vchan.cli.forward.SocketName;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Sockets joined with channels. */
@Command(
    name = "forward",
    description = {
      "Forward FROM TO: whoever comes to the first is joined with the second. One of the two is a"
          + " socket, the other is [DOMID] PORT. Any number of clients at once, each with a channel"
          + " of its own.",
      "",
      "The end of either direction is passed on, and the other direction stays open."
    },
    footer = {
      "",
      "A SOCKET is tcp:PORT on the loopback interface, tcp:HOST:PORT, tcp:[IPV6]:PORT, tcp:*:PORT"
          + " on all interfaces, unix:PATH, or fd:NUMBER for one this process was started with.",
      "",
      Address.OPERANDS,
      "",
      "Examples:",
      "  vchan forward 0 redis tcp:6379      in domain 3, which has a Redis",
      "  vchan forward tcp:6379 3 redis      in domain 0, and then there",
      "  redis-cli                           as if the Redis were its own",
      "",
      "The operands and options of vchan-socket-proxy are understood too:",
      "  vchan forward --mode=server 0 /local/domain/3/data/vchan/0/x /run/x",
      "  vchan forward 3 /local/domain/3/data/vchan/0/x /run/x"
    })
final class ForwardCommand implements Callable<Integer> {

  private static final Duration USUAL_PATIENCE = Duration.ofSeconds(10);

  @ParentCommand private @Nullable VchanCommand common;

  @Parameters(
      arity = "0..*",
      paramLabel = "FROM TO",
      hideParamSyntax = true,
      description = "SOCKET [DOMID] PORT, or [DOMID] PORT SOCKET")
  private List<String> operands = List.of();

  @Option(names = "--once", description = "Serve one client, and end with it.")
  private boolean once;

  @Option(
      names = "-w",
      paramLabel = "SECS",
      converter = Converters.Seconds.class,
      description =
          "Turn a client away if the other side does not answer for this long. Default: 10.")
  private @Nullable Duration patience;

  @Option(
      names = "-q",
      paramLabel = "SECS",
      converter = Converters.Seconds.class,
      description =
          "If the other side of the channel lacks half-close (C and OCaml peers do), it can be told"
              + " of the end of a socket only by closing: do that this long after it has taken"
              + " everything. Default: 0.")
  private Duration answerTime = Duration.ZERO;

  @Option(
      names = {"-m", "--mode"},
      paramLabel = "MODE",
      description =
          "client or server, as vchan-socket-proxy has it: what to be on the channel. The operands"
              + " are DOMID NODEPATH PATH|NUMBER|- then.")
  private ForwardOperands.@Nullable Mode mode;

  @Option(
      names = {"-s", "--state-path"},
      paramLabel = "PATH",
      description = "Accepted as vchan-socket-proxy's option; needs a XenStore.")
  private @Nullable String statePath;

  @Override
  public Integer call() throws IOException {
    VchanCommand vchan = Objects.requireNonNull(common);
    ForwardOperands ends;
    try {
      ends = ForwardOperands.parse(operands, mode);
    } catch (IllegalArgumentException e) {
      throw vchan.usage(e);
    }
    if (statePath != null) {
      vchan.console().say("there is no XenStore here: nothing is written to " + statePath);
    }
    Duration limit = patience != null || ends.asProxy() ? patience : USUAL_PATIENCE;
    try (Meeting meeting = Meeting.open(vchan, ends.address(), limit)) {
      if (ends.socket().isEmpty()) {
        forwardStreams(meeting, ends.fromSocket(), vchan.console());
      } else {
        forward(meeting, ends, ends.socket().get(), limit);
      }
    }
    return ExitCodes.DONE;
  }

  private void forward(
      Meeting meeting, ForwardOperands ends, SocketName socket, @Nullable Duration limit)
      throws IOException {
    Console console = Objects.requireNonNull(common).console();
    Reporter reporter = reporter(console);
    String channel = meeting.path(ends.fromSocket()) + " of domain " + ends.address().peer();
    Entrance entrance;
    if (ends.fromSocket()) {
      SocketEntrance door =
          SocketEntrance.open(socket, meeting.connector(), limit, answerTime, reporter);
      console.say("listening at " + door.name() + ", forwarding to " + channel);
      entrance = door;
    } else {
      VchanListener listener = meeting.listenQuietly();
      console.say(
          "listening at %s for domain %s, forwarding to %s"
              .formatted(listener.path(), ends.address().peer(), socket));
      entrance = new ChannelEntrance(listener, socket, limit, answerTime, reporter);
    }
    Forwarder forwarder = new Forwarder(entrance, reporter);
    meeting.protect(forwarder::isBusy);
    Interruption.onInterrupt(
        () -> {
          forwarder.cut();
          return false;
        });
    boolean single =
        once || (ends.asProxy() && !ends.fromSocket() && socket instanceof SocketName.Descriptor);
    try (entrance) {
      if (single) {
        forwarder.serveOne();
      } else {
        forwarder.serveAll();
      }
    }
  }

  /** What vchan-socket-proxy does if the socket is {@code -}. */
  private static void forwardStreams(Meeting meeting, boolean asClient, Console console)
      throws IOException {
    StandardStreams streams = StandardStreams.open();
    Exchange exchange =
        new Exchange(
            console,
            streams.output(),
            new InputPump(streams.input()),
            Ending.atEndOfInput(),
            streams.inputIsTerminal());
    meeting.protect(exchange::isCutShort);
    exchange.runOnly(asClient ? meeting.connect() : meeting.acceptOne());
  }

  private static Reporter reporter(Console console) {
    return new Reporter() {
      @Override
      public void say(String line) {
        console.say(line);
      }

      @Override
      public void detail(String line) {
        console.detail(line);
      }

      @Override
      public String describe(Throwable failure) {
        return Failures.describe(failure);
      }
    };
  }
}
