// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import dev.vchan.xen.xenstore.fake.Frame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A caller whose time is over, who is interrupted, or whose hold is closed leaves at once; what its
 * request would leave behind is given back when the reply comes.
 */
class GivingUpTest extends Leakless {

  private static final StorePath PATH = new StorePath("/a/path");
  private static final String NO_REPLY = "no reply from xenstored so far";

  private RawDaemon daemon;
  private XenStore store;

  @BeforeEach
  void connect() throws IOException {
    daemon = new RawDaemon();
    store = XenStore.open(daemon.socket(), soon());
  }

  @AfterEach
  void disconnect() throws IOException {
    store.close();
    daemon.close();
  }

  private static <T> Task<T> start(Callable<T> call) {
    return Watchdog.start("call", call);
  }

  private String readInVain() {
    try {
      return store.nodes(atOnce()).read(PATH).toString();
    } catch (XenStoreTimeoutException e) {
      return String.valueOf(e.getMessage());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Task<Optional<String>> reading(Deadline deadline) {
    return start(() -> store.nodes(deadline).read(PATH));
  }

  private void answer(int type, String with) throws Exception {
    Frame request = daemon.next();
    assertThat(request.type()).isEqualTo(type);
    daemon.send(request.reply(type, with));
  }

  @Test
  void aTimeThatIsOverSendsNothing() throws Exception {
    Deadline over = Deadline.after(Duration.ZERO);
    assertThatThrownBy(() -> store.nodes(over).read(PATH))
        .isInstanceOf(XenStoreTimeoutException.class)
        .hasMessageContaining("not sent");
    Task<Optional<String>> reading = reading(soon());
    answer(Frame.READ, "x");
    assertThat(reading.get()).contains("x");
  }

  @Test
  void aRequestWithoutAReplyTimesOutAndTheNextWaitsForThatReply() throws Exception {
    // On a busy machine the time may be over before it is sent: then nothing has happened.
    Watchdog.until("sent", () -> readInVain().equals("READ /a/path timed out: " + NO_REPLY));
    assertThat(reading(atOnce()).failure())
        .isInstanceOf(XenStoreTimeoutException.class)
        .hasMessageContaining("not sent");
    Task<Optional<String>> next = reading(soon());
    answer(Frame.READ, "late");
    answer(Frame.READ, "in time");
    assertThat(next.get()).contains("in time");
  }

  @Test
  void anInterruptEndsTheCallAndNothingElse() throws Exception {
    Task<Optional<String>> other = reading(soon());
    Frame first = daemon.next();
    Task<Boolean> interrupted =
        start(
            () -> {
              assertThatThrownBy(() -> store.nodes(soon()).read(PATH))
                  .isInstanceOf(ClosedByInterruptException.class);
              return Thread.currentThread().isInterrupted();
            });
    interrupted.untilAsleep();
    interrupted.thread().interrupt();
    assertThat(interrupted.get()).isTrue();
    daemon.send(first.reply(Frame.READ, "x"));
    assertThat(other.get()).contains("x");

    Task<Boolean> before =
        start(
            () -> {
              Thread.currentThread().interrupt();
              assertThatThrownBy(() -> store.nodes(soon()).read(PATH))
                  .isInstanceOf(ClosedByInterruptException.class);
              assertThatThrownBy(() -> store.transact(soon(), nodes -> "unreached"))
                  .isInstanceOf(ClosedByInterruptException.class);
              return Thread.currentThread().isInterrupted();
            });
    assertThat(before.get()).isTrue();
    Task<Optional<String>> next = reading(soon());
    answer(Frame.READ, "y");
    assertThat(next.get()).contains("y");
  }

  @Test
  void closingAHoldEndsItsCallsAndNoOthers() throws Exception {
    try (XenStore other = XenStore.open(daemon.socket(), soon())) {
      Task<Optional<String>> underWay = reading(soon());
      final Frame first = daemon.next();
      Task<Optional<String>> waiting = reading(soon());
      waiting.untilAsleep();
      Task<Optional<String>> others = start(() -> other.nodes(soon()).read(PATH));
      others.untilAsleep();
      store.close();
      assertThat(underWay.failure()).isInstanceOf(AsynchronousCloseException.class);
      assertThat(waiting.failure()).isInstanceOf(AsynchronousCloseException.class);
      daemon.send(first.reply(Frame.READ, "for nobody"));
      answer(Frame.READ, "for the other");
      assertThat(others.get()).contains("for the other");
    }
  }

  @Test
  void aWatchThatComesLateIsGivenBack() throws Exception {
    Task<StoreWatch> watching = start(() -> store.watch(PATH, soon()));
    Frame request = daemon.next();
    watching.thread().interrupt();
    assertThat(watching.failure()).isInstanceOf(ClosedByInterruptException.class);
    daemon.send(request.reply(Frame.WATCH, "OK|"));
    Frame given = daemon.next();
    assertThat(given.type()).isEqualTo(Frame.UNWATCH);
    assertThat(given.strings()).isEqualTo(request.strings());
  }

  @Test
  void aWatchThatIsRefusedLateIsNot() throws Exception {
    Task<StoreWatch> watching = start(() -> store.watch(PATH, soon()));
    Frame request = daemon.next();
    watching.thread().interrupt();
    assertThat(watching.failure()).isInstanceOf(ClosedByInterruptException.class);
    daemon.send(request.reply(Frame.ERROR, "E2BIG|"));
    Task<Optional<String>> next = reading(soon());
    answer(Frame.READ, "x");
    assertThat(next.get()).contains("x");
  }

  @Test
  void aTransactionThatStartsLateIsEnded() throws Exception {
    Task<String> transaction = start(() -> store.transact(soon(), nodes -> "unreached"));
    Frame request = daemon.next();
    transaction.thread().interrupt();
    assertThat(transaction.failure()).isInstanceOf(ClosedByInterruptException.class);
    daemon.send(request.reply(Frame.TRANSACTION_START, "17|"));
    expectEnd(17, "F");
  }

  private void expectEnd(int transaction, String how) throws Exception {
    Frame end = daemon.next();
    assertThat(end.type()).isEqualTo(Frame.TRANSACTION_END);
    assertThat(end.transaction()).isEqualTo(transaction);
    assertThat(end.strings()).containsExactly(how);
    daemon.send(end.reply(Frame.TRANSACTION_END, "OK|"));
  }

  @Test
  void aTransactionThatFailsIsEnded() throws Exception {
    Task<String> transaction =
        start(
            () ->
                store.transact(
                    soon(),
                    nodes -> {
                      throw new IOException("on purpose");
                    }));
    answer(Frame.TRANSACTION_START, "4294967295|");
    expectEnd(-1, "F");
    assertThat(transaction.failure()).hasMessage("on purpose");
  }

  @Test
  void anEndThatWasSentIsNotSentAgain() throws Exception {
    Task<String> transaction = start(() -> store.transact(soon(), nodes -> "done"));
    answer(Frame.TRANSACTION_START, "3|");
    Frame end = daemon.next();
    transaction.thread().interrupt();
    assertThat(transaction.failure()).isInstanceOf(ClosedByInterruptException.class);
    daemon.send(end.reply(Frame.TRANSACTION_END, "OK|"));
    Task<Optional<String>> next = reading(soon());
    answer(Frame.READ, "x");
    assertThat(next.get()).contains("x");
  }

  @Test
  void anEndThatWasNotSentIsReplacedByOneWithoutEffect() throws Exception {
    List<Task<Optional<String>>> others = new ArrayList<>();
    CountDownLatch done = new CountDownLatch(1);
    Task<String> transaction =
        start(
            () ->
                store.transact(
                    soon(),
                    nodes -> {
                      // Another's request, which has no reply yet, keeps the end from being sent.
                      others.add(reading(soon()));
                      others.getFirst().untilAsleep();
                      done.countDown();
                      return "done";
                    }));
    answer(Frame.TRANSACTION_START, "5|");
    Frame first = daemon.next();
    assertThat(first.type()).isEqualTo(Frame.READ);
    done.await();
    transaction.untilAsleep();
    transaction.thread().interrupt();
    assertThat(transaction.failure()).isInstanceOf(ClosedByInterruptException.class);
    daemon.send(first.reply(Frame.READ, "x"));
    others.getFirst().get();
    expectEnd(5, "F");
  }

  @Test
  void anEndForWhichNoTimeIsLeftIsReplacedByOneWithoutEffect() throws Exception {
    Deadline deadline = Deadline.after(Duration.ofSeconds(2));
    Task<String> transaction =
        start(
            () ->
                store.transact(
                    deadline,
                    nodes -> {
                      Watchdog.until("late", () -> deadline.remainingNanos() == 0);
                      return "done";
                    }));
    answer(Frame.TRANSACTION_START, "7|");
    expectEnd(7, "F");
    assertThat(transaction.failure())
        .isInstanceOf(XenStoreTimeoutException.class)
        .hasMessageContaining("not sent");
  }

  @Test
  void aTransactionThatTakesItsTimeKeepsOthersNoLongerThanTheyWant() throws Exception {
    Task<String> slow =
        start(
            () ->
                store.transact(
                    soon(),
                    nodes -> {
                      assertThat(start(() -> store.transact(atOnce(), inner -> "")).failure())
                          .isInstanceOf(XenStoreTimeoutException.class)
                          .hasMessageContaining("another transaction");
                      Task<String> interrupted = start(() -> store.transact(soon(), inner -> ""));
                      interrupted.untilAsleep();
                      interrupted.thread().interrupt();
                      assertThat(interrupted.failure())
                          .isInstanceOf(ClosedByInterruptException.class);
                      return "slow";
                    }));
    answer(Frame.TRANSACTION_START, "1|");
    expectEnd(1, "T");
    assertThat(slow.get()).isEqualTo("slow");
  }

  @Test
  void closingAHoldEndsItsWaitForAnothersTransaction() throws Exception {
    XenStore other = XenStore.open(daemon.socket(), soon());
    Task<String> slow =
        start(
            () ->
                store.transact(
                    soon(),
                    nodes -> {
                      Task<String> behind = start(() -> other.transact(soon(), inner -> ""));
                      Task<String> last = start(() -> store.transact(atOnce(), inner -> ""));
                      behind.untilAsleep();
                      other.close();
                      assertThat(behind.failure()).isInstanceOf(AsynchronousCloseException.class);
                      assertThat(last.failure()).isInstanceOf(XenStoreTimeoutException.class);
                      return "slow";
                    }));
    answer(Frame.TRANSACTION_START, "1|");
    expectEnd(1, "T");
    assertThat(slow.get()).isEqualTo("slow");
  }

  @Test
  void aWatchCanBeClosedByAnInterruptedThreadAndWithoutADaemonThatAnswers() throws Exception {
    Task<StoreWatch> watching = start(() -> store.watch(PATH, soon()));
    answer(Frame.WATCH, "OK|");
    StoreWatch watch = watching.get();
    Task<Boolean> closing =
        start(
            () -> {
              Thread.currentThread().interrupt();
              watch.close();
              return Thread.currentThread().isInterrupted();
            });
    assertThat(closing.get()).isTrue();
    assertThat(daemon.next().type()).isEqualTo(Frame.UNWATCH);
  }

  @Test
  void aHoldCanBeClosedByAnInterruptedThread() throws Exception {
    Task<Boolean> closing =
        start(
            () -> {
              Thread.currentThread().interrupt();
              store.close();
              return Thread.currentThread().isInterrupted();
            });
    assertThat(closing.get()).isTrue();
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().startsWith("vchan-xenstore"));
  }

  @Test
  void openingADaemonThatTakesNobodyTimesOutAndLeavesNothing() throws Exception {
    Path directory = Files.createTempDirectory("xs");
    Path socket = directory.resolve("socket");
    List<SocketChannel> queue = new ArrayList<>();
    try (ServerSocketChannel door = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      door.bind(UnixDomainSocketAddress.of(socket), 1);
      while (join(queue, socket)) {
        assertThat(queue).hasSizeLessThan(10);
      }
      assertThatThrownBy(() -> XenStore.open(socket, atOnce()))
          .isInstanceOf(XenStoreTimeoutException.class)
          .hasMessageContaining("does not take the connection");
      Task<XenStore> interrupted = start(() -> XenStore.open(socket, soon()));
      interrupted.untilAsleep();
      interrupted.thread().interrupt();
      assertThat(interrupted.failure()).isInstanceOf(ClosedByInterruptException.class);
    } finally {
      for (SocketChannel each : queue) {
        each.close();
      }
      Files.delete(socket);
      Files.delete(directory);
    }
  }

  /** One more in the queue, unless it is full. */
  private static boolean join(List<SocketChannel> queue, Path socket) throws IOException {
    SocketChannel next = SocketChannel.open(StandardProtocolFamily.UNIX);
    queue.add(next);
    next.configureBlocking(false);
    try {
      return next.connect(UnixDomainSocketAddress.of(socket));
    } catch (SocketException e) {
      return false;
    }
  }

  @Test
  void everyRequestCanTimeOut() {
    Nodes nodes = store.nodes(atOnce());
    assertTimesOut(() -> nodes.read(PATH));
    assertTimesOut(() -> nodes.list(PATH));
    assertTimesOut(() -> nodes.permissions(PATH));
    assertTimesOut(() -> nodes.write(PATH, "x"));
    assertTimesOut(() -> nodes.mkdir(PATH));
    assertTimesOut(() -> nodes.remove(PATH));
    assertTimesOut(() -> nodes.setPermissions(PATH, Permissions.of(DomainId.DOM0)));
    assertTimesOut(() -> store.domainPath(DomainId.DOM0, atOnce()));
    assertTimesOut(() -> store.isIntroduced(DomainId.DOM0, atOnce()));
    assertTimesOut(() -> store.watch(PATH, atOnce()));
    assertTimesOut(() -> store.transact(atOnce(), inside -> ""));
  }

  private static void assertTimesOut(ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(XenStoreTimeoutException.class);
  }
}
