// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.VchanOptions;
import dev.vchan.inprocess.InProcessHost;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tools find what they are there to find. */
class ToolsTest {

  private final LeakCheck leaks = new LeakCheck();
  private final InProcessHost host = new InProcessHost();

  @Test
  void aPatternAcceptsItselfInAnyPieces() {
    Patterns made = new Patterns(7);
    Patterns checked = new Patterns(7);
    ByteBuffer bytes = made.next(1000);
    checked.check(bytes.slice(0, 333));
    checked.check(bytes.slice(333, 667));
    assertThat(checked.position()).isEqualTo(1000);
  }

  @Test
  void aPatternFindsALostADoubledAndASwappedByte() {
    byte[] sent = new Patterns(7).next(100).array();
    byte[] swapped = sent.clone();
    swapped[50] = sent[51];
    swapped[51] = sent[50];
    assertThat(sent[50]).isNotEqualTo(sent[51]);

    ByteBuffer lost = ByteBuffer.allocate(99).put(sent, 0, 50).put(sent, 51, 49).flip();
    ByteBuffer doubled = ByteBuffer.allocate(101).put(sent, 0, 51).put(sent, 50, 50).flip();
    for (ByteBuffer bad : new ByteBuffer[] {lost, doubled, ByteBuffer.wrap(swapped)}) {
      assertThatThrownBy(() -> new Patterns(7).check(bad))
          .isInstanceOf(AssertionError.class)
          .hasMessageMatching("byte 5[01] of stream 7 is .*");
    }
  }

  @Test
  void aLeakCheckFindsOpenFilesVirtualThreadsAndPages(@TempDir Path directory) throws Exception {
    Path file = Files.createFile(directory.resolve("leak"));
    try (InputStream open = Files.newInputStream(file)) {
      assertThat(leaks.leftovers()).containsExactly(file.toRealPath().toString());
    }
    CountDownLatch end = new CountDownLatch(1);
    Thread.ofVirtual().name("vchan-leak").start(() -> await(end));
    assertThat(leaks.leftovers()).singleElement().asString().contains("\"vchan-leak\"");
    end.countDown();
    leaks.assertNothingLeft();

    try (Ends ends = Ends.open(host, VchanOptions.DEFAULTS)) {
      assertThatThrownBy(() -> leaks.assertNothingLeft(host)).hasMessageContaining("share of");
    }
    leaks.assertNothingLeft(host);
  }

  private static void await(CountDownLatch end) {
    try {
      end.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aTracedBackendShowsTheOrderOfItsCallsAndThePages() throws Exception {
    Trace trace = new Trace();
    TracingBackend server = new TracingBackend(host.domain(Ends.SERVER), trace);
    TracingBackend client = new TracingBackend(host.domain(Ends.CLIENT), new Trace());
    try (Ends ends = Ends.open(server, client, VchanOptions.DEFAULTS, VchanOptions.DEFAULTS)) {
      assertThat(trace.all())
          .containsSubsequence("register", "listen", "share 1 page, clears 21", "publish");
      assertThat(server.pages().getFirst().address())
          .isEqualTo(client.pages().getFirst().address());
      trace.clear();
    }
    assertThat(trace.all())
        .endsWith(
            "send",
            "close share of 16 pages",
            "close share of 16 pages",
            "close share of 1 page",
            "close port");
    leaks.assertNothingLeft(host);
  }
}
