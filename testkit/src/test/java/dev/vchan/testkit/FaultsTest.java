// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static dev.vchan.testkit.Ends.CLIENT;
import static dev.vchan.testkit.Ends.PORT;
import static dev.vchan.testkit.Ends.SERVER;
import static dev.vchan.testkit.Ends.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.VchanTimeoutException;
import dev.vchan.inprocess.InProcessHost;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * Every call of the backend fails once, in every story of a channel's life: the story ends with
 * that failure, or copes with it, and nothing is left behind.
 */
class FaultsTest {

  private static final VchanOptions OPTIONS = VchanOptions.DEFAULTS;
  private static final Deadline NOW = Deadline.after(Duration.ZERO);

  private final LeakCheck leaks = new LeakCheck();

  /** Something that a backend is needed for; gives back what it takes. */
  private interface Story {
    void tell(InProcessHost host) throws IOException;
  }

  /**
   * Tells a story until no call of it fails any more.
   *
   * @return how many calls were made to fail
   */
  private int failEachCallOf(Story story) throws IOException {
    for (int call = 1; ; call++) {
      InProcessHost host = new InProcessHost();
      IOException failure = null;
      host.failAt(call);
      try {
        story.tell(host);
      } catch (IOException e) {
        failure = e;
      }
      boolean reached = host.calls() >= call;
      assertThat(host.leftovers()).as("after call %d failed with %s", call, failure).isEmpty();
      if (!reached) {
        if (failure != null) {
          throw failure;
        }
        leaks.assertNothingLeft();
        return call - 1;
      }
      assertThat(failure).as("call %d was made to fail", call).isNotNull();
    }
  }

  @Test
  @Case("T20")
  @Case("T19")
  void aServerGivesEverythingBackWhicheverStepFails() throws Exception {
    int calls =
        failEachCallOf(
            host -> {
              VchanListener listener =
                  VchanListener.open(host.domain(SERVER), CLIENT, PORT, OPTIONS);
              try {
                listener.close();
              } finally {
                // The second close must not throw what the first one did.
                listener.close();
              }
            });
    // register, listen, share three times, publish; and to close: four regions and the path.
    assertThat(calls).isGreaterThanOrEqualTo(11);
  }

  @Test
  @Case("T20")
  void aClientGivesEverythingBackWhicheverStepFailsAndItsServerTakesTheNext() throws Exception {
    int calls =
        failEachCallOf(
            host -> {
              try (VchanListener listener =
                  VchanListener.open(host.domain(SERVER), CLIENT, PORT, OPTIONS)) {
                try {
                  Vchan.connect(host.domain(CLIENT), SERVER, PORT, OPTIONS, soon()).close();
                } catch (IOException e) {
                  takesAnother(host, listener);
                  throw e;
                }
              }
            });
    // watch, look, connect, map three times; and to close: three regions, the port and the watch.
    assertThat(calls).isGreaterThanOrEqualTo(11);
  }

  private static void takesAnother(InProcessHost host, VchanListener listener) throws IOException {
    var connecting =
        Watchdog.start(
            "next", () -> Vchan.connect(host.domain(CLIENT), SERVER, PORT, OPTIONS, soon()));
    Vchan accepted = listener.accept(soon());
    // One that got as far as the page before it failed was a client, and is accepted as such.
    while (accepted.state() != VchanState.CONNECTED) {
      accepted.close();
      accepted = listener.accept(soon());
    }
    accepted.close();
    end(connecting);
  }

  @Test
  @Case("T20")
  void aListenerGivesEverythingBackWhicheverStepFails() throws Exception {
    int calls =
        failEachCallOf(
            host -> {
              VchanListener listener =
                  VchanListener.open(host.domain(SERVER), CLIENT, PORT, OPTIONS);
              try (listener;
                  Vchan connected =
                      Vchan.connect(host.domain(CLIENT), SERVER, PORT, OPTIONS, soon());
                  Vchan accepted = listener.accept(soon())) {
                assertThat(accepted.isOpen()).isTrue();
                assertThat(connected.isOpen()).isTrue();
                try {
                  // The next page is advertised, and nobody comes.
                  listener.accept(NOW);
                } catch (VchanTimeoutException expected) {
                  assertThat(listener.isOpen()).isTrue();
                }
              }
            });
    assertThat(calls).isGreaterThanOrEqualTo(30);
  }

  @Test
  @Case("T20")
  @Case("T08")
  void listeningOnceGivesEverythingBackWhicheverStepFails() throws Exception {
    failEachCallOf(
        host -> {
          try {
            Vchan.listen(host.domain(SERVER), CLIENT, PORT, OPTIONS, NOW).close();
          } catch (VchanTimeoutException e) {
            rethrowSuppressed(e);
          }
        });
    failEachCallOf(
        host -> {
          var connecting =
              Watchdog.start(
                  "connect",
                  () -> Vchan.connect(host.domain(CLIENT), SERVER, PORT, OPTIONS, soon()));
          var listening =
              Watchdog.start(
                  "listen", () -> Vchan.listen(host.domain(SERVER), CLIENT, PORT, OPTIONS, soon()));
          // Whichever fails, the other has nobody to wait for.
          connecting.outcome().exceptionally(e -> interrupt(listening.thread()));
          listening.outcome().exceptionally(e -> interrupt(connecting.thread()));
          try {
            end(connecting);
          } finally {
            end(listening);
          }
        });
  }

  private static Vchan interrupt(Thread waiting) {
    waiting.interrupt();
    return null;
  }

  /** A deadline's end is the story's proper one; a failure on top of it is what was looked for. */
  private static void rethrowSuppressed(VchanTimeoutException e) throws IOException {
    for (Throwable suppressed : e.getSuppressed()) {
      throw new IOException(suppressed);
    }
  }

  private static void end(Watchdog.Task<Vchan> connecting) throws IOException {
    try {
      connecting.get().close();
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @Case("T20")
  @Case("T09")
  void connectingInVainGivesEverythingBackWhicheverStepFails() throws Exception {
    failEachCallOf(
        host -> {
          try {
            Vchan.connect(host.domain(CLIENT), SERVER, PORT, OPTIONS, NOW).close();
          } catch (VchanTimeoutException e) {
            rethrowSuppressed(e);
          }
        });
  }

  @Test
  @Case("T19")
  void closingIsCompleteThoughTheKeysAreGoneAlready() throws Exception {
    InProcessHost host = new InProcessHost();
    VchanListener listener = VchanListener.open(host.domain(SERVER), CLIENT, PORT, OPTIONS);
    host.destroy(SERVER);
    listener.close();
    listener.close();
    leaks.assertNothingLeft(host);
  }

  @Test
  void pagesThatAreMissingForTheNextClientAreWaitedFor() throws Exception {
    InProcessHost host = new InProcessHost();
    host.limitPages(33);
    VchanListener listener = VchanListener.open(host.domain(SERVER), CLIENT, PORT, OPTIONS);
    try (Vchan client = Vchan.connect(host.domain(CLIENT), SERVER, PORT, OPTIONS, soon());
        Vchan first = listener.accept(soon())) {
      assertThatThrownBy(() -> listener.accept(Deadline.after(Duration.ofMillis(100))))
          .isInstanceOf(SystemRefusedException.class);
      assertThat(first.write(ByteBuffer.allocate(1))).isEqualTo(1);
      assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(1);
    }
    var accepted = Watchdog.start("accept", () -> listener.accept(soon()));
    try (Vchan client = Vchan.connect(host.domain(CLIENT), SERVER, PORT, OPTIONS, soon());
        Vchan second = accepted.get()) {
      assertThat(client.write(ByteBuffer.allocate(1))).isEqualTo(1);
      assertThat(second.read(ByteBuffer.allocate(1))).isEqualTo(1);
    }
    listener.close();
    leaks.assertNothingLeft(host);
  }

  @Test
  void aSystemThatHasNoMorePagesIsReportedWithWhatToDo() throws Exception {
    InProcessHost host = new InProcessHost();
    // One page for the control structure and sixteen for each ring.
    for (int pages : new int[] {0, 1, 17, 32}) {
      host.limitPages(pages);
      assertThatThrownBy(() -> VchanListener.open(host.domain(SERVER), CLIENT, PORT, OPTIONS))
          .isInstanceOfSatisfying(
              SystemRefusedException.class,
              e -> {
                assertThat(e.resource()).isEqualTo("shared pages");
                assertThat(e.remedy()).contains("smaller rings");
              });
      leaks.assertNothingLeft(host);
    }
    host.limitPages(33);
    VchanListener.open(host.domain(SERVER), CLIENT, PORT, OPTIONS).close();
    leaks.assertNothingLeft(host);
  }
}
