// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.cli.live.Observation;
import dev.vchan.cli.live.Picture;
import dev.vchan.cli.live.Watch;
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

/** What channels do, again and again. */
@Command(
    name = "top",
    description = {
      "Show the channels between processes of this machine again and again, a line each: how they"
          + " are, how full both rings are, and how fast bytes are written. Until Ctrl-C, or as"
          + " often as -n says. On a terminal each picture takes the place of the one before."
    },
    footer = {
      "",
      "Examples:",
      "  vchan top                           until Ctrl-C",
      "  vchan top -n 60 --json > log        a minute long, for programs",
      "  vchan top --interval 0.5 greetings  twice a second, of one name"
    })
final class TopCommand implements Callable<Integer> {

  /** To the upper left corner; to the end of the line; to the end of the screen. */
  private static final String HOME = "\033[H";

  private static final String ERASE_LINE = "\033[K";
  private static final String ERASE_REST = "\033[J";

  @ParentCommand private @Nullable VchanCommand common;

  @Mixin private LiveOptions live = new LiveOptions();

  @Option(
      names = "--interval",
      paramLabel = "SECS",
      defaultValue = "1",
      converter = Converters.Interval.class,
      description = "Time between two pictures, 1 if left out.")
  private Duration interval = Duration.ZERO;

  @Option(
      names = "-n",
      paramLabel = "COUNT",
      description = "End after so many pictures, 0 for never.")
  private int count;

  @Override
  public Integer call() throws IOException {
    VchanCommand vchan = Objects.requireNonNull(common);
    if (count < 0) {
      throw vchan.usage(new IllegalArgumentException("-n " + count + " is negative"));
    }
    Watch watch = live.watch(vchan);
    boolean redraw = !live.isJson() && Terminal.is(Terminal.STANDARD_OUTPUT);
    for (int shown = 0; count == 0 || shown < count; shown++) {
      List<Observation> found = LiveOptions.observe(watch, interval);
      List<String> lines = live.lines(found, channels -> Picture.table(channels, true));
      if (redraw) {
        redraw(lines);
      } else {
        lines.forEach(System.out::println);
      }
      if (System.out.checkError()) {
        // Why, is said at the end.
        break;
      }
    }
    return ExitCodes.DONE;
  }

  private static void redraw(List<String> lines) {
    Terminal.Size size = Terminal.size(Terminal.STANDARD_OUTPUT);
    StringBuilder screen = new StringBuilder(HOME);
    lines.stream()
        .limit(size.rows() - 1L)
        .map(line -> line.substring(0, Math.min(line.length(), size.columns())))
        .forEach(line -> screen.append(line).append(ERASE_LINE).append('\n'));
    System.out.print(screen.append(ERASE_REST));
    System.out.flush();
  }
}
