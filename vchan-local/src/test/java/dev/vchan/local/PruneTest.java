// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.RendezvousPath;
import dev.vchan.testkit.Watchdog;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Empty directories are removed by whoever closes, while others make files in them. */
class PruneTest {

  private static final int ROUNDS = 2_000;

  @TempDir private Path folder;

  @Test
  void aFileIsMadeThoughOthersRemoveTheDirectoriesOnItsWay() throws Exception {
    RootDirectory root = RootDirectory.open(folder.resolve("hub"));
    Path node = root.node(new RendezvousPath("/local/domain/0/data/vchan/1/name"));
    AtomicBoolean done = new AtomicBoolean();
    Watchdog.Task<Integer> pruning =
        Watchdog.start(
            "prunes",
            () -> {
              int times = 0;
              for (; !done.get(); times++) {
                root.prune(node);
              }
              return times;
            });
    try {
      for (int round = 0; round < ROUNDS; round++) {
        Path file = node.resolve("keys");
        root.createFile(file);
        Files.delete(file);
      }
    } finally {
      done.set(true);
    }
    assertThat(pruning.get()).isPositive();
  }
}
