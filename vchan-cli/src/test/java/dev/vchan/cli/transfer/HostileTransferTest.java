// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the other side may say, and what it cannot achieve. */
class HostileTransferTest {

  private static final DomainId CLIENT = new DomainId(1);
  private static final PortName PORT = new PortName("drop");
  private static final Deadline SOON = Deadline.after(Duration.ofSeconds(60));
  private static final byte[] CONTENT = "content".getBytes(UTF_8);

  @TempDir private Path folder;
  private final InProcessHost host = new InProcessHost();
  private final List<String> reports = new ArrayList<>();
  private Path target;
  private Vchan ours;
  private Vchan theirs;

  @BeforeEach
  void connect() throws IOException {
    target = Files.createDirectory(folder.resolve("target"));
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(RingSizes.MAX_BYTES));
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
    assertThat(Files.list(folder)).allMatch(path -> path.equals(target) || isOurs(path));
  }

  private static boolean isOurs(Path path) {
    return path.getFileName().toString().equals("source");
  }

  private static Progress noProgress(String name, long size, long start) {
    return new Progress() {
      @Override
      public void advance(long bytes) {}

      @Override
      public void close() {}
    };
  }

  /** Lets our receiver run against what is written to {@link #theirs}, and says how it ended. */
  private Throwable receive() {
    Receiver.Rules rules = new Receiver.Rules(target, false, false, Long.MAX_VALUE);
    Receiver receiver =
        new Receiver(
            ours, Duration.ofSeconds(30), rules, HostileTransferTest::noProgress, reports::add);
    Throwable end = catchThrowable(receiver::receive);
    assertThat(reports).allMatch(line -> line.chars().noneMatch(c -> c < ' '));
    return end;
  }

  private static ByteBuffer frame(int type, byte[] body) {
    return ByteBuffer.allocate(5 + body.length)
        .putInt(body.length)
        .put((byte) type)
        .put(body)
        .flip();
  }

  private void say(FrameType type, byte[] body) throws IOException {
    theirs.write(frame(type.number, body), SOON);
  }

  private void sayHello(int role) throws IOException {
    say(FrameType.HELLO, ("vchan-file\0\2" + (char) role).getBytes(ISO_8859_1));
  }

  private void offer(String name, long size) throws IOException {
    say(FrameType.OFFER, offerBody(name.getBytes(UTF_8), size, 0644, 0, 0));
  }

  private static byte[] offerBody(byte[] name, long size, int mode, long seconds, int nanos) {
    return ByteBuffer.allocate(22 + name.length)
        .putLong(size)
        .putLong(seconds)
        .putInt(nanos)
        .putShort((short) mode)
        .put(name)
        .array();
  }

  private void start(long position) throws IOException {
    say(FrameType.START, ByteBuffer.allocate(8).putLong(position).array());
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(target)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** What the other side was told last. */
  private String farewell() throws IOException {
    ByteBuffer all = ByteBuffer.allocate(1 << 20);
    ours.close();
    while (theirs.read(all) > 0) {
      // Everything that was said.
    }
    return UTF_8.decode(all.flip()).toString();
  }

  private void assertBroken(String message) throws IOException {
    assertThat(receive())
        .isInstanceOfSatisfying(
            TransferException.class, e -> assertThat(e.fault()).isEqualTo(Fault.BROKEN_THERE))
        .hasMessageContaining(message);
    assertThat(files()).isEmpty();
  }

  static Stream<String> hostileNames() {
    return Stream.of(
        "",
        ".",
        "..",
        "/etc/passwd",
        "../outside",
        "a/b",
        "a\0b",
        "a\nb",
        "\u001b[2J",
        "\u007f",
        "\u0085",
        "gpj.\u202eexe",
        "\u2066x",
        "line\u2028break",
        "x".repeat(245),
        "\u00e4".repeat(123),
        "theirs.vchan-part",
        ".profile");
  }

  @ParameterizedTest
  @MethodSource("hostileNames")
  void aNameThatIsNoPlainNameIsRefused(String name) throws IOException {
    sayHello(1);
    offer(name, CONTENT.length);
    say(FrameType.BYE, new byte[0]);
    assertThat(receive()).hasMessage("1 refused");
    assertThat(reports).hasSize(1);
    assertThat(files()).isEmpty();
  }

  @Test
  void theLongestNameIsTaken() throws Exception {
    String name = "x".repeat(FileName.MAX_BYTES);
    sendHonestly(name);
    assertThat(receive()).isNull();
    assertThat(files()).containsExactly(name);
  }

  private void sendHonestly(String name) throws Exception {
    sayHello(1);
    offer(name, CONTENT.length);
    start(0);
    say(FrameType.DATA, CONTENT);
    say(FrameType.END, Sha256.create().digest(CONTENT));
    say(FrameType.BYE, new byte[0]);
  }

  @Test
  void bytesThatAreNotUtf8AreNoName() throws IOException {
    sayHello(1);
    say(FrameType.OFFER, offerBody(new byte[] {'a', (byte) 0xC0, (byte) 0x80}, 1, 0644, 0, 0));
    assertBroken("not UTF-8");
  }

  @Test
  void anOfferOutOfRangeBreaksTheProtocol() throws IOException {
    sayHello(1);
    offer("file", -1);
    assertBroken("18446744073709551615 bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {04755, 0x8000, -1})
  void onlyPermissionBitsAreAMode(int mode) throws IOException {
    sayHello(1);
    say(FrameType.OFFER, offerBody(CONTENT, 1, mode, 0, 0));
    assertBroken("mode");
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, Long.MAX_VALUE, -(1L << 41)})
  void aDateBeyondAllDatesBreaksTheProtocol(long seconds) throws IOException {
    sayHello(1);
    say(FrameType.OFFER, offerBody(CONTENT, 1, 0644, seconds, 0));
    assertBroken("modified");
  }

  @Test
  void aFileLargerThanTheDiskIsRefusedBeforeItComes() throws IOException {
    sayHello(1);
    offer("file", Long.MAX_VALUE);
    say(FrameType.BYE, new byte[0]);
    assertThat(receive()).hasMessage("1 refused");
    assertThat(reports.getFirst()).contains("no space");
    assertThat(files()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 1 << 30, Integer.MIN_VALUE, (1 << 18) + 1})
  void aLengthIsCheckedBeforeMemoryIsTaken(int length) throws IOException {
    sayHello(1);
    theirs.write(ByteBuffer.allocate(5).putInt(length).put((byte) 6).flip());
    assertBroken("DATA of");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 12, 127, -1})
  void anUnknownTypeBreaksTheProtocol(int type) throws IOException {
    theirs.write(frame(type, CONTENT));
    assertBroken("unknown type");
    assertThat(farewell()).contains("unknown type");
  }

  @Test
  void whoSpeaksSomethingElseIsToldSo() throws IOException {
    theirs.write(UTF_8.encode("GET / HTTP/1.1\r\n\r\n"));
    assertThat(receive()).isInstanceOf(TransferException.class);
    assertThat(files()).isEmpty();
  }

  @Test
  void twoReceiversPart() throws IOException {
    sayHello(2);
    assertBroken("receiver as well");
  }

  @Test
  void moreDataThanOfferedBreaksTheProtocol() throws IOException {
    sayHello(1);
    offer("file", 3);
    start(0);
    say(FrameType.DATA, CONTENT);
    assertBroken("7 bytes, 3 are due");
  }

  @Test
  void dataWithoutBytesBreaksTheProtocol() throws IOException {
    sayHello(1);
    offer("file", 3);
    start(0);
    say(FrameType.DATA, new byte[0]);
    assertBroken("DATA of 0 bytes");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, -1, Long.MAX_VALUE})
  void aStartThatWasNotAgreedBreaksTheProtocol(long position) throws IOException {
    sayHello(1);
    offer("file", 7);
    start(position);
    assertBroken("a start at");
  }

  @Test
  void aWrongSumLeavesNothing() throws IOException {
    sayHello(1);
    offer("file", CONTENT.length);
    start(0);
    say(FrameType.DATA, CONTENT);
    say(FrameType.END, new byte[32]);
    assertThat(receive()).hasMessageContaining("SHA-256");
    assertThat(files()).isEmpty();
    assertThat(farewell()).contains("SHA-256");
  }

  @Test
  void aSenderThatLeavesLeavesAPart() throws Exception {
    CompletableFuture<Throwable> receiving = CompletableFuture.supplyAsync(this::receive);
    sayHello(1);
    offer("file", 100);
    start(0);
    say(FrameType.DATA, CONTENT);
    theirs.drain(SOON);
    theirs.close();
    assertThat(receiving.get(60, TimeUnit.SECONDS)).hasMessageContaining("closed in the middle");
    assertThat(files()).containsExactly("file.vchan-part");
    assertThat(reports)
        .containsExactly("file: kept the first 7 bytes; sending it again resumes there");
  }

  @Test
  void aFileThatAppearsMeanwhileIsNotReplaced() throws Exception {
    CompletableFuture<Throwable> receiving = CompletableFuture.supplyAsync(this::receive);
    sayHello(1);
    offer("file", CONTENT.length);
    start(0);
    say(FrameType.DATA, CONTENT);
    theirs.drain(SOON);
    while (files().isEmpty()) {
      Thread.onSpinWait();
    }
    Files.writeString(target.resolve("file"), "mine");
    say(FrameType.END, Sha256.create().digest(CONTENT));
    assertThat(receiving.get(60, TimeUnit.SECONDS))
        .isInstanceOf(java.nio.file.FileAlreadyExistsException.class);
    assertThat(target.resolve("file")).hasContent("mine");
    assertThat(farewell()).contains("cannot be written");
  }

  @Test
  void aLinkInTheWayIsNotFollowed() throws IOException {
    Path outside = folder.resolve("source");
    Files.writeString(outside, "mine");
    Files.createSymbolicLink(target.resolve("file.vchan-part"), outside);
    sayHello(1);
    offer("file", CONTENT.length);
    say(FrameType.BYE, new byte[0]);
    assertThat(receive()).hasMessage("1 refused");
    assertThat(outside).hasContent("mine");
  }

  @Test
  void whateverIsSaidNothingButWholeFilesGetsAName() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      sayHello(1);
      for (int i = random.nextInt(6); i >= 0; i--) {
        byte[] body = new byte[random.nextInt(60)];
        random.nextBytes(body);
        if (random.nextBoolean()) {
          offer("file", random.nextInt(50));
        } else {
          theirs.write(frame(random.nextInt(13), body));
        }
      }
      theirs.close();
      assertThat(receive()).describedAs("seed %d, round %d", seed, round).isNotNull();
      assertThat(files()).describedAs("seed %d", seed).isSubsetOf(List.of("file.vchan-part"));
      ours.close();
      Files.deleteIfExists(target.resolve("file.vchan-part"));
      Files.delete(target);
      connect();
    }
  }

  /** Lets our sender run against what is written to {@link #theirs}. */
  private Throwable send() throws IOException {
    Path source = Files.write(folder.resolve("source"), CONTENT);
    Sender sender =
        new Sender(ours, Duration.ofSeconds(30), HostileTransferTest::noProgress, reports::add);
    return catchThrowable(() -> sender.send(List.of(source)));
  }

  private void accept(long have) throws IOException {
    say(FrameType.ACCEPT, ByteBuffer.allocate(40).putLong(have).array());
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 8, Long.MAX_VALUE})
  void aReceiverCannotHaveMoreThanThereIs(long have) throws IOException {
    sayHello(2);
    accept(have);
    assertThat(send()).hasMessageContaining("of a file of 7");
  }

  @Test
  void aWrongAcknowledgementIsNoSuccess() throws IOException {
    sayHello(2);
    accept(0);
    say(FrameType.DONE, new byte[32]);
    assertThatThrownBy(
            () -> {
              throw send();
            })
        .isInstanceOf(TransferException.class);
  }

  @Test
  void whoIsSentBytesIsNotBusy() throws IOException {
    sayHello(2);
    accept(0);
    say(FrameType.BUSY, new byte[0]);
    assertThat(send()).hasMessageContaining("BUSY in the middle of a file");
  }

  @Test
  void reasonsAreShownWithoutWhatATerminalActsOn() throws IOException {
    sayHello(2);
    say(FrameType.REFUSE, "\u001b]0;gotcha\u0007no".getBytes(UTF_8));
    say(FrameType.BYE, new byte[0]);
    assertThat(send()).hasMessageContaining("1 of 1 refused");
    assertThat(reports).containsExactly("source: refused: ?]0;gotcha?no");
  }

  @Test
  void aReceiverThatGivesUpIsHeard() throws IOException {
    sayHello(2);
    accept(0);
    say(FrameType.FAIL, "disk full".getBytes(UTF_8));
    theirs.close();
    assertThat(send())
        .isInstanceOfSatisfying(
            TransferException.class, e -> assertThat(e.fault()).isEqualTo(Fault.FAILED_THERE))
        .hasMessageContaining("disk full");
  }
}
