// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.testkit.Case;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The kernel's device, for which a named pipe stands in: as the device it is one descriptor that is
 * read and written, and it yields what was written to it.
 */
@Case("T89")
class DeviceTest extends Leakless {

  @TempDir private Path directory;
  private Path device;

  @BeforeEach
  void makePipe() throws Exception {
    device = directory.resolve("xenbus");
    Process made = new ProcessBuilder("mkfifo", device.toString()).inheritIO().start();
    assertThat(made.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(made.exitValue()).isZero();
  }

  @Test
  void aRequestThatComesBackIsItsOwnReply() throws Exception {
    try (XenStore store = XenStore.open(device, soon())) {
      assertThat(store.nodes(soon()).read(new StorePath("/a"))).contains("/a\0");
      assertThat(store.nodes(soon()).list(new StorePath("b"))).contains(List.of("b"));
      store.nodes(soon()).write(new StorePath("/a"), "x");
    }
  }

  @Test
  void aRequestAndItsHeaderMayHave4096Bytes() throws Exception {
    try (XenStore store = XenStore.open(device, soon())) {
      StorePath path = new StorePath("/a");
      store.nodes(soon()).write(path, new byte[4077]);
      assertThatThrownBy(() -> store.nodes(soon()).write(path, new byte[4078]))
          .isInstanceOfSatisfying(
              XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.E2BIG))
          .hasMessageContaining("4081 bytes")
          .hasMessageContaining("at most 4080");
    }
  }

  @Test
  void closingEndsAReadAndAWrite() throws Exception {
    DeviceTransport reading = new DeviceTransport(device);
    reading.open();
    var reader = Watchdog.start("reader", () -> reading.read(ByteBuffer.allocate(16)));
    Watchdog.until("reading", () -> isIn(reader.thread(), "read0"));
    reading.close();
    assertThat(reader.failure()).isInstanceOf(ClosedChannelException.class);

    DeviceTransport writing = new DeviceTransport(device);
    writing.open();
    var writer =
        Watchdog.start(
            "writer",
            () -> {
              writing.write(ByteBuffer.allocate(1 << 20));
              return true;
            });
    Watchdog.until("writing", () -> isIn(writer.thread(), "write0"));
    writing.close();
    assertThat(writer.failure()).isInstanceOf(ClosedChannelException.class);
    writing.close();
  }

  private static boolean isIn(Thread thread, String method) {
    StackTraceElement[] at = thread.getStackTrace();
    return at.length > 0 && at[0].getMethodName().equals(method);
  }

  @Test
  void aDeviceThatIsClosedWhileItOpensIsNotLeftOpen() throws Exception {
    DeviceTransport closed = new DeviceTransport(device);
    closed.close();
    closed.open();
    assertThatThrownBy(() -> closed.read(ByteBuffer.allocate(1)))
        .isInstanceOf(ClosedChannelException.class);
  }

  @Test
  void whatTheKernelRefusesFailsThatRequestAlone() {
    Request request = Request.of(MessageType.WATCH, 0, "/a", "/a", "token");
    assertThat(Refusals.ofKernel(request, refusal("Permission denied")))
        .hasMessageContainingAll("WATCH /a", "EACCES from the kernel", "xenstore-chmod");
    assertThat(Refusals.ofKernel(request, refusal("Ungültiges Argument")))
        .hasMessageContainingAll(
            "EINVAL from the kernel", "Ungültiges Argument", "quota of watches");
    Request end = Request.of(MessageType.TRANSACTION_END, 3, "transaction", "T");
    assertThat(Refusals.ofKernel(end, refusal("No such process")).errno()).isEqualTo(Errno.ESRCH);
  }

  private static Transport.RefusedMessage refusal(String text) {
    return new Transport.RefusedMessage(text, new IOException(text));
  }

  @Test
  void idsThatTheKernelChangedAreNoReasonNotToUnderstand() throws Exception {
    Requests requests = new Requests();
    Request request = Request.of(MessageType.READ, 0, "/a", "/a");
    requests.submit(request);
    Requests.Departure sent = requests.awaitNext();
    int id = sent.message().requestId();
    requests.answer(new Message(2, id + 1000, 0, new byte[0]), false);
    assertThat(request.await(requests, soon()).requestId()).isEqualTo(id + 1000);
  }

  @Test
  void aRefusedMessageMakesRoomForTheNext() throws Exception {
    Requests requests = new Requests();
    Request refused = Request.of(MessageType.WATCH, 0, "/a", "/a", "token");
    Request next = Request.of(MessageType.READ, 0, "/a", "/a");
    requests.submit(refused);
    requests.submit(next);
    assertThat(requests.awaitNext().request()).isSameAs(refused);
    requests.refused(refused, Refusals.ofKernel(refused, refusal("File exists")));
    assertThatThrownBy(() -> refused.await(requests, soon()))
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EEXIST));
    assertThat(requests.awaitNext().request()).isSameAs(next);
  }
}
