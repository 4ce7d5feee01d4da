// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.Deadline;
import dev.vchan.Vchan;
import dev.vchan.cli.transfer.TransferException;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What send and receive have in common. */
final class TransferOptions {

  @Option(
      names = "-w",
      paramLabel = "SECS",
      converter = Converters.Seconds.class,
      description =
          "Give up (exit code 3) if the other side does not come, or is silent, for this long.")
  private @Nullable Duration patience;

  @Option(
      names = "--progress",
      paramLabel = "HOW",
      description =
          "auto, bar, plain or none. auto: a bar if standard error is a terminal, else a line"
              + " every five seconds.")
  private ProgressMode progress = ProgressMode.auto;

  ProgressMode progress() {
    return progress;
  }

  @Nullable Duration patience() {
    return patience;
  }

  /** What one side does with the channel. */
  interface Work {
    void on(Vchan channel) throws IOException;
  }

  /** Meets the other side and does the work; whoever did the last write waits for its reader. */
  void run(VchanCommand common, Address address, boolean listen, Work work) throws IOException {
    try (Meeting meeting = Meeting.open(common, address, patience)) {
      try (Vchan channel = listen ? meeting.acceptOne() : meeting.connect()) {
        work.on(channel);
        channel.drain(Deadline.after(Duration.ofSeconds(10)));
      }
    } catch (TransferException e) {
      int code =
          switch (e.fault()) {
            case FAILED_HERE -> ExitCodes.FAILED;
            case SILENT_THERE -> ExitCodes.TIMEOUT;
            case BROKEN_THERE, FAILED_THERE -> ExitCodes.PEER;
          };
      throw new CommandFailure(code, String.valueOf(e.getMessage()));
    }
  }
}
