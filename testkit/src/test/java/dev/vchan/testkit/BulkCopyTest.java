// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.RingSizes;
import dev.vchan.inprocess.InProcessHost;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a copy that is not the JVM's is asked for; here it is one that takes notes. */
class BulkCopyTest {

  private static final int RING = 1 << 20;
  private static final int LEAST = 2 << 10;
  private static final int MOST = 64 << 10;
  private static final int FAILING = 3;

  private final InProcessHost host = new InProcessHost();
  private final List<Integer> copies = new ArrayList<>();
  private boolean failing;
  private Ends ends;

  @BeforeEach
  void connect() throws Exception {
    ends =
        Ends.open(host, Ends.UNAIDED.withSizes(new RingSizes(RING, RING)).withBulkCopy(this::copy));
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    ends.close();
    assertThat(host.leftovers()).isEmpty();
  }

  private void copy(ByteBuffer source, int position, MemorySegment ring, long offset, int bytes) {
    copies.add(bytes);
    if (failing && copies.size() == FAILING) {
      throw new AssertionError("the copy fails");
    }
    ring.asSlice(offset, bytes).asByteBuffer().put(0, source, position, bytes);
  }

  @Test
  void everyWayToWriteIsCopiedInPiecesAndArrives() throws Exception {
    ByteBuffer sent = new Patterns(1).next(RING);
    // So that the ring's end comes in the middle of each.
    ends.server().write(ByteBuffer.allocate(LEAST - 1));
    assertThat(copies).isEmpty();
    ends.client().read(ByteBuffer.allocate(LEAST));
    ends.server().write(sent.duplicate());
    check(sent);
    ends.server().send(sent.duplicate(), Deadline.NEVER);
    check(sent);
    ends.server()
        .write(new ByteBuffer[] {sent.slice(0, MOST + 1), sent.slice(MOST + 1, RING - MOST - 1)});
    check(sent);
  }

  private void check(ByteBuffer sent) throws Exception {
    ByteBuffer got = ByteBuffer.allocate(RING);
    while (got.hasRemaining()) {
      ends.client().read(got);
    }
    assertThat(got.flip()).isEqualTo(sent);
    assertThat(copies).isNotEmpty().allMatch(bytes -> bytes > 0 && bytes <= MOST);
    copies.clear();
  }

  @Test
  void whatWasCopiedBeforeACopyFailedArrives() throws Exception {
    failing = true;
    ByteBuffer sent = new Patterns(2).next(RING);
    assertThatThrownBy(() -> ends.server().write(sent)).isInstanceOf(AssertionError.class);
    assertThat(sent.position()).isEqualTo((FAILING - 1) * MOST);
    ByteBuffer got = ByteBuffer.allocate(RING);
    ends.client().read(got);
    assertThat(got.flip()).isEqualTo(sent.duplicate().flip());
  }
}
