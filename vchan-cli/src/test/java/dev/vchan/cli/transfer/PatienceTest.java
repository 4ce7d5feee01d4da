// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.cli.transfer.TransferException.Fault;
import dev.vchan.inprocess.InProcessHost;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who is at work says so, and who neither says nor takes anything is silent. */
@Timeout(120)
class PatienceTest {

  private static final DomainId CLIENT = new DomainId(1);
  private static final PortName PORT = new PortName("drop");
  private static final Deadline SOON = Deadline.after(Duration.ofSeconds(100));

  /** More than any processor hashes between two times of saying that it does. */
  private static final long LONG = 384 << 20;

  @TempDir private Path folder;
  private final InProcessHost host = new InProcessHost();
  private final List<String> reports = new CopyOnWriteArrayList<>();
  private Vchan ours;
  private Vchan theirs;

  @BeforeEach
  void connect() throws IOException {
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(1 << 16));
    try (VchanListener listener =
        VchanListener.open(host.domain(DomainId.DOM0), CLIENT, PORT, options)) {
      theirs = Vchan.connect(host.domain(CLIENT), DomainId.DOM0, PORT, options, SOON);
      ours = listener.accept(SOON);
    }
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    ours.close();
    theirs.close();
    assertThat(host.leftovers()).isEmpty();
  }

  private static Progress noProgress(String name, long size, long start) {
    return new Progress() {
      @Override
      public void advance(long bytes) {}

      @Override
      public void close() {}
    };
  }

  private CompletableFuture<@Nullable Throwable> send(Path file, @Nullable Duration patience) {
    Sender sender = new Sender(ours, patience, PatienceTest::noProgress, reports::add);
    return CompletableFuture.supplyAsync(() -> catchThrowable(() -> sender.send(List.of(file))));
  }

  private CompletableFuture<@Nullable Throwable> receive(@Nullable Duration patience) {
    Receiver.Rules rules = new Receiver.Rules(folder, false, false, Long.MAX_VALUE);
    Receiver receiver = new Receiver(ours, patience, rules, PatienceTest::noProgress, reports::add);
    return CompletableFuture.supplyAsync(() -> catchThrowable(receiver::receive));
  }

  /** A file of nothing, which takes no space. */
  private Path sparse(String name, long size) throws IOException {
    Path path = folder.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(size);
    }
    return path;
  }

  private void say(FrameType type, byte[] body) throws IOException {
    theirs.write(
        ByteBuffer.allocate(5 + body.length)
            .putInt(body.length)
            .put((byte) type.number)
            .put(body)
            .flip(),
        SOON);
  }

  private void sayHello(int role) throws IOException {
    say(FrameType.HELLO, ("vchan-file\0\2" + (char) role).getBytes(ISO_8859_1));
    hear(FrameType.HELLO);
  }

  private void offer(String name, long size) throws IOException {
    byte[] bytes = name.getBytes(UTF_8);
    say(
        FrameType.OFFER,
        ByteBuffer.allocate(22 + bytes.length)
            .putLong(size)
            .putLong(0)
            .putInt(0)
            .putShort((short) 0644)
            .put(bytes)
            .array());
  }

  private void accept(long have) throws IOException {
    say(FrameType.ACCEPT, ByteBuffer.allocate(40).putLong(have).array());
  }

  private FrameType hear() throws IOException {
    ByteBuffer header = ByteBuffer.allocate(5);
    theirs.receive(header, SOON);
    int length = header.flip().getInt();
    FrameType type = FrameType.of(header.get());
    theirs.receive(ByteBuffer.allocate(length), SOON);
    return type;
  }

  private void hear(FrameType expected) throws IOException {
    assertThat(hear()).isEqualTo(expected);
  }

  /** How often the other side is BUSY before it says what is due. */
  private int busyUntil(FrameType due) throws IOException {
    for (int busy = 0; ; busy++) {
      FrameType type = hear();
      if (type == due) {
        return busy;
      }
      assertThat(type).isEqualTo(FrameType.BUSY);
    }
  }

  @Test
  void aReceiverThatComparesSaysThatItIsBusy() throws Exception {
    sparse("file.vchan-part", LONG);
    CompletableFuture<@Nullable Throwable> receiving = receive(null);
    sayHello(1);
    offer("file", LONG);
    assertThat(busyUntil(FrameType.ACCEPT)).isPositive();
    theirs.close();
    assertThat(receiving.get(60, TimeUnit.SECONDS)).isInstanceOf(TransferException.class);
  }

  @Test
  void aSenderThatComparesSaysThatItIsBusy() throws Exception {
    CompletableFuture<@Nullable Throwable> sending = send(sparse("file", LONG), null);
    sayHello(2);
    hear(FrameType.OFFER);
    accept(LONG);
    assertThat(busyUntil(FrameType.START)).isPositive();
    theirs.close();
    assertThat(sending.get(60, TimeUnit.SECONDS)).isInstanceOf(TransferException.class);
  }

  @Test
  void whileTheDiskIsAtWorkTheOtherSideHearsSo() throws Exception {
    FrameChannel frames = new FrameChannel(ours, null);
    CountDownLatch heard = new CountDownLatch(1);
    CompletableFuture<@Nullable Throwable> working =
        CompletableFuture.supplyAsync(
            () -> catchThrowable(() -> frames.doBusily(() -> await(heard))));
    hear(FrameType.BUSY);
    hear(FrameType.BUSY);
    heard.countDown();
    assertThat(working.get(60, TimeUnit.SECONDS)).isNull();
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void workThatFailsIsReportedAlthoughTheOtherSideHasLeft() throws Exception {
    FrameChannel frames = new FrameChannel(ours, null);
    theirs.close();
    assertThat(
            catchThrowable(
                () ->
                    frames.doBusily(
                        () -> {
                          throw new IOException("disk full");
                        })))
        .hasMessage("disk full");
  }

  @Test
  void aPersonIsToldWhatTakesTheOtherSideSoLong() throws Exception {
    CompletableFuture<@Nullable Throwable> sending = send(sparse("file", 1000), null);
    sayHello(2);
    hear(FrameType.OFFER);
    for (int i = 0; i < 20; i++) {
      say(FrameType.BUSY, new byte[0]);
    }
    accept(0);
    hear(FrameType.START);
    hear(FrameType.DATA);
    hear(FrameType.END);
    theirs.close();
    assertThat(sending.get(60, TimeUnit.SECONDS))
        .hasMessage(
            "file: the other side closed in the middle of the transfer; 1000 bytes of 1000 bytes"
                + " had been sent, send it again to resume");
    assertThat(reports).containsExactly("file: the other side is comparing what it has already");
  }

  @Test
  void aReceiverThatTakesNothingIsSilent() throws Exception {
    CompletableFuture<@Nullable Throwable> sending =
        send(sparse("file", 1 << 20), Duration.ofMillis(1500));
    sayHello(2);
    hear(FrameType.OFFER);
    accept(0);
    assertThat(sending.get(60, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            TransferException.class, e -> assertThat(e.fault()).isEqualTo(Fault.SILENT_THERE))
        .hasMessageContaining("file: the other side was silent for 1.5 s");
  }

  @Test
  void aSenderThatSaysNothingIsSilentAndToldSo() throws Exception {
    CompletableFuture<@Nullable Throwable> receiving = receive(Duration.ofMillis(1500));
    sayHello(1);
    offer("file", 1000);
    hear(FrameType.ACCEPT);
    assertThat(receiving.get(60, TimeUnit.SECONDS))
        .hasMessage("file: the other side was silent for 1.5 s");
    hear(FrameType.FAIL);
    assertThat(folder.resolve("file.vchan-part")).doesNotExist();
  }

  @Test
  void namesOfOursAreShownWithoutWhatATerminalActsOn() throws Exception {
    Path file = Files.createFile(folder.resolve("new\nline\u001b"));
    CompletableFuture<@Nullable Throwable> sending = send(file, null);
    sayHello(2);
    hear(FrameType.OFFER);
    say(FrameType.REFUSE, "no".getBytes(UTF_8));
    hear(FrameType.BYE);
    say(FrameType.BYE, new byte[0]);
    assertThat(sending.get(60, TimeUnit.SECONDS)).hasMessageContaining("1 of 1 refused");
    assertThat(reports).containsExactly("new?line?: refused: no");
  }
}
