// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.cli.live.Observation;
import dev.vchan.cli.live.Picture;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Why a channel is as it is. */
@Command(
    name = "stat",
    description = {
      "Watch channels between processes of this machine for a moment, and say how they are: what"
          + " lies in both rings, how fast it moves, which process waits for what, and why nothing"
          + " moves. Only looks, and disturbs nobody.",
      "",
      "How long something has been so is how long this command has seen it: --interval 10 sees more"
          + " than the second it usually watches. Events cannot be counted from outside."
    },
    footer = {
      "",
      "Examples:",
      "  vchan stat greetings                a channel that hangs",
      "  vchan stat --interval 10            all of them, ten seconds long",
      "  vchan stat --json | jq .cause       for programs"
    })
final class StatCommand implements Callable<Integer> {

  @ParentCommand private @Nullable VchanCommand common;

  @Mixin private LiveOptions live = new LiveOptions();

  @Option(
      names = "--interval",
      paramLabel = "SECS",
      defaultValue = "1",
      converter = Converters.Interval.class,
      description = "How long to watch, 1 if left out.")
  private Duration interval = Duration.ZERO;

  @Override
  public Integer call() throws IOException {
    VchanCommand vchan = Objects.requireNonNull(common);
    List<Observation> found = LiveOptions.observe(live.watch(vchan), interval);
    live.checkFound(found, vchan.console());
    int columns =
        Terminal.is(Terminal.STANDARD_OUTPUT)
            ? Terminal.size(Terminal.STANDARD_OUTPUT).columns()
            : Integer.MAX_VALUE;
    live.lines(found, channels -> Picture.whole(channels, columns)).forEach(System.out::println);
    return ExitCodes.DONE;
  }
}
