// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static dev.vchan.testkit.Ends.CLIENT;
import static dev.vchan.testkit.Ends.PORT;
import static dev.vchan.testkit.Ends.SERVER;
import static dev.vchan.testkit.Ends.soon;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.inprocess.InProcessHost;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * In which order a channel is made and given back, by a trace of every access to the page among the
 * calls of the backend. The left ring has two pages, the right one lies in the control page.
 */
class HandshakeOrderTest {

  private static final VchanOptions OPTIONS =
      VchanOptions.DEFAULTS.classic().withSizes(new RingSizes(8192, 100));

  private final LeakCheck leaks = new LeakCheck();
  private final InProcessHost host = new InProcessHost();
  private final Trace trace = new Trace();
  private final TracingBackend server = new TracingBackend(host.domain(SERVER), trace);
  private final TracingBackend client = new TracingBackend(host.domain(CLIENT), trace);

  @AfterEach
  void nothingIsLeft() {
    leaks.assertNothingLeft(host);
  }

  private SeamHooks.Hook pageAccesses() {
    return trace.record(
        SeamPoint.after()
            .and(
                access ->
                    access.target() instanceof MemorySegment
                        || access.method().equals("fullFence")));
  }

  /** The grants the server wrote, as they stand in the trace. */
  private List<String> grants(String access) {
    MemorySegment page = server.pages().getFirst();
    return List.of(24L, 28L).stream()
        .map(offset -> access + " " + offset + " = " + page.get(JAVA_INT, offset))
        .toList();
  }

  @Test
  @Case("T02")
  void aServersPageIsCompleteBeforeItIsAdvertised() throws Exception {
    try (var recording = pageAccesses();
        VchanListener listener = VchanListener.open(server, CLIENT, PORT, OPTIONS)) {
      assertThat(listener.isOpen()).isTrue();
      List<String> grants = grants("setIntPlain");
      assertThat(trace.all())
          .containsExactly(
              "register",
              "listen",
              "share 1 page, clears 21",
              "share 2 pages",
              "setShortPlain 16 = 13",
              "setShortPlain 18 = 11",
              grants.get(0),
              grants.get(1),
              "setIntPlain 20 = " + 0x0001_0102,
              "fullFence",
              "publish");
    }
  }

  @Test
  @Case("T03")
  void aClientReadsTheKeysBindsMapsCopiesAsksAndOnlyThenIsLive() throws Exception {
    try (VchanListener listener = VchanListener.open(server, CLIENT, PORT, OPTIONS)) {
      trace.clear();
      try (var recording = pageAccesses();
          Vchan connected = Vchan.connect(client, SERVER, PORT, OPTIONS, soon())) {
        assertThat(connected.isOpen()).isTrue();
        List<String> grants = grants("intAcquire");
        assertThat(trace.all())
            .containsExactly(
                "watch",
                "look",
                "connect",
                "map 1 page rw, clears 20",
                "intAcquire 0 = 0",
                "intAcquire 4 = 0",
                "intAcquire 8 = 0",
                "intAcquire 12 = 0",
                "shortPlain 16 = 13",
                "shortPlain 18 = 11",
                "intAcquire 20 = " + 0x0001_0102,
                grants.get(0),
                grants.get(1),
                "map 2 pages rw",
                "intAcquire 20 = " + 0x0001_0102,
                "compareAndSetInt 20 = 1",
                "fullFence",
                "setByteRelease 20 = 1",
                "fullFence",
                "send",
                "close watch");
      }
      listener.accept(soon()).close();
    }
  }

  @Test
  @Case("T80")
  void closingTellsThePeerAndThenGivesBackInReverseOrder() throws Exception {
    VchanOptions persistent = OPTIONS.persisting();
    VchanListener listener = VchanListener.open(server, CLIENT, PORT, persistent);
    Vchan connected = Vchan.connect(client, SERVER, PORT, OPTIONS, soon());
    Vchan accepted = listener.accept(soon());
    trace.clear();
    try (var recording = pageAccesses()) {
      connected.close();
      assertThat(trace.all())
          .containsExactly(
              "wake",
              "setByteRelease 20 = 0",
              "fullFence",
              "send",
              "close mapping of 2 pages",
              "close mapping of 1 page",
              "close port");
      trace.clear();
      accepted.close();
      assertThat(trace.all())
          .containsExactly(
              "wake",
              "setByteRelease 21 = 0",
              "fullFence",
              "send",
              "close registration",
              "close share of 2 pages",
              "close share of 1 page",
              "close port");
    }
    listener.close();
  }
}
