// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.DomainId;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import dev.vchan.xen.xenstore.fake.FakeXenstored;
import dev.vchan.xen.xenstore.fake.Frame;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a daemon says, the client ends in a value or in a failure that says what happened. */
@Case("T89")
class HostileDaemonTest extends Leakless {

  private static final StorePath PATH = new StorePath("/a/path");

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

  private Task<Optional<String>> reading() {
    return start(() -> store.nodes(soon()).read(PATH));
  }

  private static <T> Task<T> start(Callable<T> call) {
    return Watchdog.start("call", call);
  }

  /** The connection goes on. */
  private void expectGoingOn() throws Exception {
    Task<Optional<String>> reading = reading();
    Frame request = daemon.next();
    assertThat(request.type()).isEqualTo(Frame.READ);
    daemon.send(request.reply(Frame.READ, "value"));
    assertThat(reading.get()).contains("value");
  }

  private void expectLost(Task<?> call, String why) {
    assertThat(call.failure())
        .isInstanceOf(XenStoreLostException.class)
        .hasMessageContaining(why)
        .hasMessageContaining(daemon.socket().toString());
    assertThatThrownBy(() -> store.nodes(soon()).read(PATH))
        .isInstanceOf(XenStoreLostException.class)
        .hasMessageContaining(why);
  }

  @Test
  void aRequestIsAsXensHeaderSays() throws Exception {
    Task<?> writing =
        start(
            () -> {
              store.nodes(soon()).write(PATH, "väl");
              return null;
            });
    Frame request = daemon.next();
    assertThat(request.type()).isEqualTo(11);
    assertThat(request.id()).isNotZero();
    assertThat(request.transaction()).isZero();
    assertThat(request.bytes()).isEqualTo("/a/path\0väl".getBytes("UTF-8"));
    daemon.send(request.reply(Frame.WRITE, "OK|"));
    writing.get();
  }

  @ParameterizedTest
  @ValueSource(ints = {4097, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
  void anOverlongReplyEndsTheConnection(int length) throws Exception {
    Task<?> reading = reading();
    byte[] reply = daemon.next().reply(Frame.READ, "").encode();
    ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).putInt(12, length);
    daemon.send(reply);
    expectLost(reading, Integer.toUnsignedString(length) + " bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {Frame.WRITE, Frame.DIRECTORY, 0, 99, -1})
  void aReplyOfAnotherTypeEndsTheConnection(int type) throws Exception {
    Task<?> reading = reading();
    daemon.send(daemon.next().reply(type, "OK|"));
    expectLost(reading, "the reply to READ");
  }

  @Test
  void aReplyWithAnotherIdEndsTheConnection() throws Exception {
    Task<?> reading = reading();
    Frame request = daemon.next();
    daemon.send(Frame.of(Frame.READ, request.id() + 1, 0, "x"));
    expectLost(reading, "request id " + (request.id() + 1));
  }

  @Test
  void aReplyWithIdZeroIsTaken() throws Exception {
    Task<Optional<String>> reading = reading();
    daemon.next();
    daemon.send(Frame.of(Frame.READ, 0, 0x7777, "x"));
    assertThat(reading.get()).contains("x");
    expectGoingOn();
  }

  @Test
  void aReplyThatNobodyAskedForEndsTheConnection() throws Exception {
    Task<StoreWatch> watching = start(() -> store.watch(PATH, soon()));
    daemon.send(daemon.next().reply(Frame.WATCH, "OK|"));
    StoreWatch watch = watching.get();
    long seen = watch.changes();
    daemon.send(Frame.of(Frame.READ, 2, 0, "x"));
    // The last change is the loss; a request that came earlier would take the reply for its own.
    assertThat(watch.await(seen, TimeUnit.SECONDS.toNanos(30))).isTrue();
    expectLost(reading(), "nobody asked for");
  }

  @Test
  void aSecondReplyEndsTheConnection() throws Exception {
    Task<Optional<String>> reading = reading();
    Frame request = daemon.next();
    daemon.send(request.reply(Frame.READ, "x"));
    daemon.send(request.reply(Frame.READ, "x"));
    assertThat(reading.get()).contains("x");
    Watchdog.until("lost", () -> !isUsable());
  }

  /** No reply to an earlier request is taken for the one to this. */
  private boolean isUsable() {
    try {
      store.nodes(atOnce()).read(PATH);
      throw new AssertionError("a daemon that says nothing answered");
    } catch (XenStoreTimeoutException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void theEndOfTheStreamAtEveryByteEndsTheConnection() throws Exception {
    int length = Frame.of(Frame.READ, 1, 0, "value").encode().length;
    for (int bytes = 0; bytes < length; bytes++) {
      Task<?> reading = reading();
      daemon.send(Arrays.copyOf(daemon.next().reply(Frame.READ, "value").encode(), bytes));
      daemon.hangUp();
      expectLost(reading, bytes == 0 ? "xenstored closed it" : "after " + bytes + " bytes of it");
      disconnect();
      connect();
    }
  }

  @Test
  void aReplyTornAtEveryByteIsTheSame() throws Exception {
    try (FakeXenstored honest = FakeXenstored.likeC();
        XenStore torn = XenStore.open(honest.socket(DomainId.DOM0), soon())) {
      torn.nodes(soon()).write(PATH, "value");
      for (int at = 1; at < 21; at++) {
        int tear = at;
        honest.tamper(
            (frame, out) -> {
              byte[] bytes = frame.encode();
              out.write(bytes, 0, tear);
              Thread.yield();
              out.write(bytes, tear, bytes.length - tear);
            });
        assertThat(torn.nodes(soon()).read(PATH)).contains("value");
      }
    }
  }

  @Test
  void anEventBeforeTheReplyCounts() throws Exception {
    Task<StoreWatch> watching = start(() -> store.watch(PATH, soon()));
    Frame request = daemon.next();
    String token = request.strings().get(1);
    daemon.send(Frame.of(Frame.WATCH_EVENT, -5, 77, "/a/path/below|" + token + "|"));
    // Old kernels answer a watch with id 0.
    daemon.send(Frame.of(Frame.WATCH, 0, 0, "OK|"));
    StoreWatch watch = watching.get();
    assertThat(watch.changes()).isEqualTo(1);
    watch.close();
    assertThat(daemon.next().type()).isEqualTo(Frame.UNWATCH);
  }

  @Test
  void eventsForNobodyAreIgnored() throws Exception {
    Task<Optional<String>> reading = reading();
    Frame request = daemon.next();
    for (String event : new String[] {"/x|unknown|", "||", "/x|vchan-1|more|"}) {
      daemon.send(Frame.of(Frame.WATCH_EVENT, request.id(), 0, event));
    }
    daemon.send(request.reply(Frame.READ, "x"));
    assertThat(reading.get()).contains("x");
    expectGoingOn();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "|", "/x|", "/x", "/x|token"})
  void anEventThatIsNoneEndsTheConnection(String event) throws Exception {
    Task<?> reading = reading();
    daemon.next();
    daemon.send(Frame.of(Frame.WATCH_EVENT, 0, 0, event));
    expectLost(reading, "");
  }

  @Test
  void aFloodOfEventsIsOnlyCounted() throws Exception {
    Task<StoreWatch> watching = start(() -> store.watch(PATH, soon()));
    Frame request = daemon.next();
    daemon.send(request.reply(Frame.WATCH, "OK|"));
    try (StoreWatch watch = watching.get()) {
      String token = request.strings().get(1);
      int count = 100_000;
      byte[] event = Frame.of(Frame.WATCH_EVENT, 0, 0, "/a/path|" + token + "|").encode();
      for (int i = 0; i < count; i++) {
        daemon.send(event);
      }
      Watchdog.until("counted", () -> watch.changes() == count);
      expectGoingOn();
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyErrorHasItsNameThePathAndARemedy(Errno errno) throws Exception {
    Task<?> writing =
        start(
            () -> {
              store.nodes(soon()).write(PATH, "x");
              return null;
            });
    daemon.send(daemon.next().reply(Frame.ERROR, errno + "|"));
    assertThat(writing.failure())
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class,
            e -> {
              assertThat(e.errno()).isEqualTo(errno);
              assertThat(e.resource()).isEqualTo("/a/path");
              assertThat(e.remedy()).isNotBlank();
              assertThat(e).hasMessage("WRITE /a/path: " + errno + "; " + e.remedy());
            });
    expectGoingOn();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"EWHATEVER|", "", "|", "enoent|", "ENOENT", "E\u001b[31mRED|", "EIO|EIO|"})
  void anErrorWithAnUnknownNameIsAnError(String name) throws Exception {
    Task<?> reading = reading();
    daemon.send(daemon.next().reply(Frame.ERROR, name));
    if (name.equals("ENOENT")) {
      // A NUL less is no reason not to understand.
      assertThat(reading.get()).isEqualTo(Optional.empty());
      return;
    }
    assertThat(reading.failure())
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
    assertThat(reading.failure().getMessage()).matches("[\\x20-\\x7e]*");
    expectGoingOn();
  }

  @Test
  void anErrorOfFourKilobytesIsCutShort() throws Exception {
    Task<?> reading = reading();
    daemon.send(daemon.next().reply(Frame.ERROR, new byte[4096]));
    assertThat(reading.failure().getMessage()).hasSizeLessThan(300);
  }

  @ParameterizedTest
  @CsvSource(
      value = {"no NUL", "a/b|", "a||", "|", "a b|", "a|b"},
      ignoreLeadingAndTrailingWhitespace = false)
  void namesThatAreNoneAreMalformed(String names) throws Exception {
    Task<?> listing = start(() -> store.nodes(soon()).list(PATH));
    daemon.send(daemon.next().reply(Frame.DIRECTORY, names));
    expectMalformed(listing, "DIRECTORY /a/path");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "|", "x5|", "n5", "n5|6|", "n40000|"})
  void permissionsThatAreNoneAreMalformed(String permissions) throws Exception {
    Task<?> asking = start(() -> store.nodes(soon()).permissions(PATH));
    daemon.send(daemon.next().reply(Frame.GET_PERMS, permissions));
    expectMalformed(asking, "GET_PERMS /a/path");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "|", "0|", "4294967296|", "-1|", "12 |", "0x10|"})
  void aTransactionWithoutANumberIsMalformed(String number) throws Exception {
    Task<?> transaction = start(() -> store.transact(soon(), nodes -> "unreached"));
    daemon.send(daemon.next().reply(Frame.TRANSACTION_START, number));
    expectMalformed(transaction, "TRANSACTION_START");
  }

  @Test
  void aHomeThatIsNoPathIsMalformed() throws Exception {
    Task<?> asking = start(() -> store.domainPath(DomainId.DOM0, soon()));
    daemon.send(daemon.next().reply(Frame.GET_DOMAIN_PATH, "//|"));
    expectMalformed(asking, "GET_DOMAIN_PATH domain 0");
  }

  @Test
  void aDomainThatIsNeitherThereNorNotIsMalformed() throws Exception {
    for (String reply : new String[] {"", "|", "X|", "TF|", "T|F|"}) {
      Task<?> asking = start(() -> store.isIntroduced(DomainId.DOM0, soon()));
      daemon.send(daemon.next().reply(Frame.IS_DOMAIN_INTRODUCED, reply));
      expectMalformed(asking, "IS_DOMAIN_INTRODUCED domain 0");
    }
  }

  private void expectMalformed(Task<?> call, String request) throws Exception {
    assertThat(call.failure())
        .isInstanceOf(XenStoreMalformedException.class)
        .hasMessageContaining(request);
    expectGoingOn();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "1|", "1|a", "no NUL at all"})
  void aPartWithoutNamesIsMalformed(String part) throws Exception {
    assertThatThrownBy(() -> listInParts(part))
        .isInstanceOf(XenStoreMalformedException.class)
        .hasMessageContaining("DIRECTORY_PART /a/path");
  }

  @Test
  void partsWithoutEndAreMalformed() {
    assertThatThrownBy(() -> listInParts("1|" + "name|".repeat(800)))
        .isInstanceOf(XenStoreMalformedException.class)
        .hasMessageContaining("1048576 bytes");
  }

  @Test
  void anEmptyPartEndsTheList() throws Exception {
    assertThat(listInParts("1||")).isEqualTo(Optional.of(List.of()));
  }

  private Object listInParts(String part) throws Exception {
    Task<Void> serving =
        daemon.serve(
            request ->
                request.type() == Frame.DIRECTORY
                    ? request.reply(Frame.ERROR, "E2BIG|")
                    : request.reply(Frame.DIRECTORY_PART, part));
    try {
      return store.nodes(soon()).list(PATH);
    } finally {
      daemon.hangUp();
      serving.get();
    }
  }

  @Test
  void aDaemonThatKnowsNoPartsIsToldOnAsTooLarge() throws Exception {
    Task<Void> serving =
        daemon.serve(
            request ->
                request.reply(
                    Frame.ERROR, request.type() == Frame.DIRECTORY ? "E2BIG|" : "ENOSYS|"));
    assertThatThrownBy(() -> store.nodes(soon()).list(PATH))
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.E2BIG))
        .hasMessageContaining("more children than fit in a reply");
    daemon.hangUp();
    serving.get();
  }

  @Test
  void aNodeThatNeverStopsChangingIsGivenUp() throws Exception {
    int[] generation = {0};
    Task<Void> serving =
        daemon.serve(
            request -> {
              generation[0]++;
              return request.type() == Frame.DIRECTORY
                  ? request.reply(Frame.ERROR, "E2BIG|")
                  : request.reply(Frame.DIRECTORY_PART, generation[0] + "|name|");
            });
    assertThatThrownBy(() -> store.nodes(soon()).list(PATH))
        .isInstanceOfSatisfying(
            XenStoreRefusedException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EAGAIN));
    daemon.hangUp();
    serving.get();
  }
}
