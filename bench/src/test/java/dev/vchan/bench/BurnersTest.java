// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The other work of a busy machine. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class BurnersTest {

  private static String read(long pid, String file) throws Exception {
    return Files.readString(Path.of("/proc/" + pid + "/" + file));
  }

  @Test
  void everyProcessorIsKeptBusyForALimitedTimeUntilItIsEnded() throws Exception {
    Processors processors = Processors.own();
    List<Long> pids;
    try (Burners burners = Burners.of(Placement.LOADED, processors)) {
      pids = burners.processes().stream().map(Process::pid).toList();
      assertThat(pids).hasSameSizeAs(processors.numbers());
      for (int i = 0; i < pids.size(); i++) {
        assertThat(read(pids.get(i), "status"))
            .containsPattern("Cpus_allowed_list:\\s*" + processors.numbers().get(i) + "\n");
        assertThat(read(pids.get(i), "limits"))
            .containsPattern("Max cpu time +" + Burners.MOST_SECONDS + " +" + Burners.MOST_SECONDS);
      }
      burners.check();
    }
    assertThat(pids).noneMatch(pid -> Files.exists(Path.of("/proc/" + pid)));
  }

  @Test
  void whoHasEndedTooEarlyIsNoticed() throws Exception {
    try (Burners burners = Burners.of(Placement.LOADED, Processors.own())) {
      Process first = burners.processes().getFirst();
      first.destroyForcibly().waitFor();
      assertThatThrownBy(burners::check).hasMessageContaining(first.pid() + " no longer keeps");
    }
  }

  @Test
  void elsewhereNothingBurns() throws Exception {
    try (Burners burners = Burners.of(Placement.PINNED, Processors.own())) {
      assertThat(burners.processes()).isEmpty();
    }
  }
}
