// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.cli.live.Observation;
import dev.vchan.cli.live.Picture;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** Which channels there are. */
@Command(
    name = "ls",
    description = {
      "List the channels between processes of this machine, a line each: how they are, their"
          + " domains and processes, and what lies in their rings. Only looks, and disturbs nobody."
    },
    footer = {
      "",
      "Examples:",
      "  vchan ls                            all of them",
      "  vchan ls greetings                  those of one name",
      "  vchan ls --json                     for programs"
    })
final class LsCommand implements Callable<Integer> {

  @ParentCommand private @Nullable VchanCommand common;

  @Mixin private LiveOptions live = new LiveOptions();

  @Override
  public Integer call() throws IOException {
    VchanCommand vchan = Objects.requireNonNull(common);
    List<Observation> found = LiveOptions.observe(live.watch(vchan), Converters.Interval.LEAST);
    live.checkFound(found, vchan.console());
    if (!found.isEmpty()) {
      live.lines(found, channels -> Picture.table(channels, false)).forEach(System.out::println);
    }
    return ExitCodes.DONE;
  }
}
