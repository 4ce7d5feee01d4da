// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.DomainId;
import dev.vchan.cli.live.Observation;
import dev.vchan.cli.live.Report;
import dev.vchan.cli.live.Watch;
import dev.vchan.local.LiveChannel;
import dev.vchan.local.LiveChannels;
import dev.vchan.local.LocalBackend;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which channels to look at, and how to show them. */
final class LiveOptions {

  @Parameters(
      arity = "0..1",
      paramLabel = "PORT",
      description = "Only the channels of this name, or at this path if it begins with /.")
  private @Nullable String port;

  @Option(
      names = "--json",
      description = "An object of JSON for each channel, one a line, as docs/command.md has it.")
  private boolean json;

  /** Begins to watch what was asked for. */
  Watch watch(VchanCommand vchan) throws IOException {
    vchan.checkLocal(
        "on Xen only the two sides of a channel can map its page, so that nobody else can look at"
            + " it; --backend local looks at the channels between processes of this machine");
    if (port != null) {
      try {
        new Address(DomainId.DOM0, port);
      } catch (IllegalArgumentException e) {
        throw vchan.usage(e);
      }
    }
    return new Watch(LiveChannels.in(LocalBackend.defaultRoot()), this::isWanted);
  }

  private boolean isWanted(LiveChannel channel) {
    String path = channel.path().value();
    return port == null || path.equals(port) || path.endsWith("/" + port);
  }

  /** Says so if there is nothing to be shown; a port that was named must be there. */
  void checkFound(List<Observation> found, Console console) throws CommandFailure {
    if (!found.isEmpty()) {
      return;
    }
    String nothing =
        "no channel %sin %s".formatted(port == null ? "" : port + " ", LocalBackend.defaultRoot());
    if (port != null) {
      throw new CommandFailure(ExitCodes.FAILED, nothing);
    }
    console.say(nothing);
  }

  /** Lines for machines if they were asked for, else for people. */
  List<String> lines(List<Observation> found, Function<List<Observation>, List<String>> picture) {
    return json ? found.stream().map(Report::json).toList() : picture.apply(found);
  }

  boolean isJson() {
    return json;
  }

  /** Watches, and ends as an interrupted command if the thread is interrupted. */
  static List<Observation> observe(Watch watch, Duration interval) throws IOException {
    try {
      return watch.observe(interval);
    } catch (InterruptedException e) {
      throw new CommandFailure(ExitCodes.INTERRUPTED, "interrupted");
    }
  }
}
