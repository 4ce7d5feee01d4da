// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import static dev.vchan.cli.live.Samples.EMPTY;
import static dev.vchan.cli.live.Samples.HERE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.PageSnapshot;
import dev.vchan.PageSnapshot.Ring;
import dev.vchan.local.LiveChannel;
import dev.vchan.local.LiveChannels;
import dev.vchan.local.LiveProcesses;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is made of channels whose processes, or whose names, are not what one expects. */
class WatchTest {

  @TempDir private Path folder;

  @Test
  void aFileThatClaimsToBeTheSamePageHidesNone() throws Exception {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    Path domain = Files.createDirectories(folder.resolve("gnt/0"));
    for (String name : new String[] {"256.1.a", "256.1.b", "256.2.a"}) {
      Files.write(domain.resolve(name), new byte[4096]);
    }
    assertThat(new Watch(LiveChannels.in(folder), any -> true).observe(Duration.ofMillis(1)))
        .hasSize(3);
  }

  @Test
  void aSideThatMovesItsIndicesIsNotDeadThoughItsProcessIsOutOfSight() throws Exception {
    LiveProcesses none = LiveChannels.in(folder.resolve("nothing")).processes();
    History history = new History(page(EMPTY, EMPTY), 1);
    history.add(page(EMPTY, EMPTY), 2);
    assertThat(history.report(none, 3))
        .matches(seen -> seen.serverMissing() && seen.clientMissing());
    int next = EMPTY.producer() + 5;
    Ring written = new Ring(next, EMPTY.consumer(), EMPTY.capacity());
    history.add(page(written, EMPTY), 4);
    assertThat(history.report(none, 5))
        .matches(seen -> seen.serverMissing() && !seen.clientMissing());
    history.add(page(new Ring(next, next, EMPTY.capacity()), EMPTY), 6);
    assertThat(history.report(none, 7))
        .matches(seen -> !seen.serverMissing() && seen.clientMissing());
  }

  private static LiveChannel page(Ring toServer, Ring toClient) {
    return Samples.channel(
        Optional.of(new PageSnapshot(HERE, HERE, toServer, toClient, Optional.empty())), true);
  }
}
