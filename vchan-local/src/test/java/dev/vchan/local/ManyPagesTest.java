// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a channel is opened with must not be searched for at length among those of many others. */
class ManyPagesTest {

  private static final DomainId CLIENT = new DomainId(1);
  private static final RendezvousPath PATH =
      RendezvousPath.of(DomainId.DOM0, CLIENT, new PortName("many"));
  private static final int OTHERS = 500;

  /** For each of the others: a place in a list of all of them, but no list of its own. */
  private static final int BYTES = 64;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Meeting meeting = new Meeting();

  @AfterEach
  void nothingIsLeft() throws Exception {
    meeting.close();
  }

  @Test
  void aPageIsRetiredBesideManyOthersAsIfItWereAlone() throws Exception {
    LocalMemory memory = (LocalMemory) meeting.open(0).memory();
    List<Memory.Share> others = new ArrayList<>();
    try {
      allocatedByRetiring(memory);
      long alone = allocatedByRetiring(memory);
      for (int i = 0; i < OTHERS; i++) {
        others.add(memory.share(CLIENT, 16, Optional.empty()));
      }
      assertThat(allocatedByRetiring(memory) - alone).isLessThan(OTHERS * BYTES);
    } finally {
      for (Memory.Share other : others) {
        other.close();
      }
    }
  }

  private static long allocatedByRetiring(LocalMemory memory) throws IOException {
    try (Memory.Share share = memory.share(CLIENT, 1, Optional.empty())) {
      GrantRef ref = share.grants().getFirst();
      long before = THREADS.getCurrentThreadAllocatedBytes();
      memory.retire(ref, PATH);
      return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
  }
}
