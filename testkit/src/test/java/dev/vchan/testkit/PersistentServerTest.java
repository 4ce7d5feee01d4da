// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanTimeoutException;
import dev.vchan.inprocess.InProcessHost;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A server whose page outlives its clients, and when an advertisement is taken back. */
class PersistentServerTest {

  private static final VchanOptions PERSISTING = VchanOptions.DEFAULTS.persisting();

  private final LeakCheck leaks = new LeakCheck();
  private final InProcessHost host = new InProcessHost();
  private final Trace trace = new Trace();
  private final TracingBackend backend = new TracingBackend(host.domain(Ends.SERVER), trace);

  @AfterEach
  void nothingIsLeft() {
    leaks.assertNothingLeft(host);
  }

  @Test
  void bothStreamsGoOnWithTheNextClientThoughTheListenerIsClosed() throws Exception {
    var listening =
        Watchdog.start(
            "server", () -> Vchan.listen(backend, Ends.CLIENT, Ends.PORT, PERSISTING, Ends.soon()));
    Vchan first = connect(Ends.soon());
    try (Vchan server = listening.get()) {
      server.write(UTF_8.encode("unread by the first"));
      first.write(UTF_8.encode("from the first, "));
      first.close();
      try (Vchan second = connect(Ends.soon())) {
        second.write(UTF_8.encode("from the second"));
        assertThat(read(server)).isEqualTo("from the first, from the second");
        assertThat(read(second)).isEqualTo("unread by the first");
      }
    }
    assertThatThrownBy(() -> connect(Deadline.after(Duration.ZERO)))
        .isInstanceOf(VchanTimeoutException.class)
        .hasMessageContaining("nothing is advertised");
  }

  @Test
  void itsListenerHasNothingMoreToAccept() throws IOException {
    try (VchanListener listener = VchanListener.open(backend, Ends.CLIENT, Ends.PORT, PERSISTING);
        Vchan client = connect(Ends.soon());
        Vchan server = listener.accept(Ends.soon())) {
      assertThat(client.isOpen()).isTrue();
      assertThatThrownBy(() -> listener.accept(Ends.soon()))
          .isInstanceOf(IllegalStateException.class);
      assertThat(server.isOpen()).isTrue();
    }
  }

  @Test
  void aListenerTakesItsAdvertisementBackBeforeItsPage() throws IOException {
    VchanListener.open(backend, Ends.CLIENT, Ends.PORT, VchanOptions.DEFAULTS).close();
    assertThat(trace.all())
        .contains("close share of 1 page")
        .containsSubsequence("close registration", "close share of 1 page");
  }

  private Vchan connect(Deadline deadline) throws IOException {
    return Vchan.connect(
        host.domain(Ends.CLIENT), Ends.SERVER, Ends.PORT, VchanOptions.DEFAULTS, deadline);
  }

  private static String read(Vchan channel) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(100);
    assertThat(channel.read(buffer, Ends.soon())).isPositive();
    return UTF_8.decode(buffer.flip()).toString();
  }
}
