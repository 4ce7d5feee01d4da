// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.vchan.PeerClosedException;
import dev.vchan.PeerDiedException;
import dev.vchan.ProtocolViolationException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanTimeoutException;
import dev.vchan.testkit.Duel.Role;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Closing while everything else goes on: it always completes, once, and gives everything back. */
@ParameterizedClass
@EnumSource(Role.class)
class CloseAttackTest {

  private final Role role;
  private Duel duel;

  CloseAttackTest(Role role) {
    this.role = role;
  }

  @BeforeEach
  void begin() throws IOException {
    duel = Duel.begin(role);
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    duel.close();
  }

  @Test
  void aCloseThatFailsToGiveBackStillEndsThoseWhoWaitForTheirTurn() throws Exception {
    List<Task<?>> calls = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      calls.add(Duel.startAndBlock(() -> duel.victim.read(ByteBuffer.allocate(1))));
    }
    duel.host.failAt(1);
    Throwable failure = catchThrowable(duel.victim::close);
    duel.host.failAt(0);
    assertThat(failure).isInstanceOf(IOException.class).hasMessageContaining("made to fail");
    for (Task<?> call : calls) {
      assertThat(call.failure()).isInstanceOf(AsynchronousCloseException.class);
    }
    assertThat(duel.peer.page().load8(duel.peer.victimLive())).isZero();
  }

  @Test
  void everyFailureDuringACloseLeavesNothingBehind() throws Exception {
    duel.host.failAt(0);
    duel.victim.close();
    long calls = duel.host.calls();
    assertThat(calls).isPositive();
    for (int call = 1; call <= calls; call++) {
      try (Duel next = Duel.begin(role)) {
        next.host.failAt(call);
        assertThatThrownBy(next.victim::close).isInstanceOf(IOException.class);
        next.host.failAt(0);
        next.victim.close();
        assertThatThrownBy(() -> next.victim.read(ByteBuffer.allocate(1)))
            .isInstanceOf(ClosedChannelException.class);
      }
    }
  }

  @Test
  @Case("A55")
  void aWriterWhomThePeerNeverLetsSleepIsEndedByAClose() throws Exception {
    // Whenever the writer looks there is space for one more byte.
    var look = SeamPoint.before("intAcquire").at(duel.peer.ownCons());
    int capacity = duel.victim.outgoingCapacity();
    ByteBuffer endless = ByteBuffer.allocate(50_000_000);
    try (var hook =
        SeamHooks.on(
            look,
            () -> {
              int produced = duel.index(duel.peer.victimProd());
              duel.setIndex(duel.peer.ownCons(), produced - Math.min(produced, capacity - 1));
            })) {
      Task<Integer> writer = Duel.start(() -> duel.victim.write(endless));
      Watchdog.until("writing", () -> duel.index(duel.peer.victimProd()) > 2 * capacity);
      duel.victim.close();
      assertThat(writer.failure()).isInstanceOf(AsynchronousCloseException.class);
      assertThat(endless.position()).isBetween(capacity, endless.capacity() - 1);
      assertThat(hook.hits()).isPositive();
    }
  }

  @Test
  @Case("A55")
  void aReaderWhoIsFedByteByByteIsEndedByAClose() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    Task<Integer> dribble =
        Duel.start(
            () -> {
              int sent = 0;
              while (!stop.get()) {
                if (duel.index(duel.peer.victimCons()) == sent) {
                  duel.setIndex(duel.peer.ownProd(), ++sent);
                  duel.peer.event();
                }
              }
              return sent;
            });
    try {
      Task<Integer> reader =
          Duel.start(
              () -> {
                ByteBuffer one = ByteBuffer.allocate(1024);
                for (; ; ) {
                  duel.victim.read(one.clear());
                }
              });
      Watchdog.until("reading", () -> duel.index(duel.peer.victimCons()) >= 1000);
      duel.victim.close();
      assertThat(reader.failure()).isInstanceOf(ClosedChannelException.class);
    } finally {
      stop.set(true);
    }
    assertThat(dribble.get()).isPositive();
  }

  @Test
  void aReaderAndAWriterInterruptedTogetherBothEnd() throws Exception {
    for (int round = 0; round < 300; round++) {
      try (Duel next = Duel.begin(role)) {
        next.victim.write(ByteBuffer.allocate(next.victim.outgoingCapacity()));
        Task<Integer> reader = Duel.startAndBlock(() -> next.victim.read(ByteBuffer.allocate(1)));
        Task<Integer> writer = Duel.startAndBlock(() -> next.victim.write(ByteBuffer.allocate(1)));
        Task<Void> closer =
            Duel.start(
                () -> {
                  next.victim.close();
                  return null;
                });
        reader.thread().interrupt();
        writer.thread().interrupt();
        assertThat(reader.failure()).isInstanceOf(AsynchronousCloseException.class);
        assertThat(writer.failure()).isInstanceOf(AsynchronousCloseException.class);
        closer.get();
        assertThat(next.victim.isOpen()).isFalse();
      }
    }
  }

  @Test
  void anInterruptFromWithinACallGivesEverythingBack() throws Exception {
    Task<Integer> reader = Duel.startAndBlock(() -> duel.victim.read(ByteBuffer.allocate(1)));
    reader.thread().interrupt();
    assertThat(reader.failure()).isInstanceOf(ClosedByInterruptException.class);
    assertThat(duel.host.leftovers()).allSatisfy(line -> assertThat(line).contains("domain 1"));
  }

  @Test
  void aSecondCloseReturnsOnlyWhenTheFirstHasGivenEverythingBack() throws Exception {
    for (int round = 0; round < 300; round++) {
      try (Duel next = Duel.begin(role)) {
        List<Task<List<String>>> closers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          closers.add(
              Duel.start(
                  () -> {
                    next.victim.close();
                    return next.host.leftovers();
                  }));
        }
        for (Task<List<String>> closer : closers) {
          assertThat(closer.get()).noneMatch(line -> line.startsWith("domain 0"));
        }
      }
    }
  }

  @Test
  void closingRacesWithEveryOtherCall() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      try (Duel next = Duel.begin(role)) {
        List<Task<?>> calls = new ArrayList<>();
        ByteBuffer bytes = ByteBuffer.allocate(3000);
        calls.add(Duel.start(() -> next.victim.read(bytes.duplicate())));
        calls.add(Duel.start(() -> next.victim.write(bytes.duplicate())));
        calls.add(Duel.start(() -> next.victim.receive(ByteBuffer.allocate(3), Duel.soon())));
        calls.add(Duel.start(() -> next.victim.send(ByteBuffer.allocate(500), Duel.soon())));
        calls.add(Duel.start(() -> next.victim.peek(Duel.soon())));
        calls.add(Duel.start(() -> next.victim.bufferSpace() + next.victim.dataReady()));
        next.peer.produce(new byte[random.nextInt(3)]);
        next.peer.event();
        for (int spin = random.nextInt(20_000); spin > 0; spin--) {
          Thread.onSpinWait();
        }
        next.victim.close();
        for (Task<?> call : calls) {
          Throwable thrown =
              catchThrowable(() -> call.outcome().get(30, java.util.concurrent.TimeUnit.SECONDS));
          if (thrown != null) {
            // A peek or reserve that succeeded makes other calls of its kind wrong.
            assertThat(thrown.getCause())
                .isInstanceOfAny(ClosedChannelException.class, IllegalStateException.class);
          }
        }
      }
    }
  }

  @Test
  void violationsInBothDirectionsAtOnceAreOne() throws Exception {
    for (int round = 0; round < 300; round++) {
      try (Duel next = Duel.begin(role)) {
        next.victim.write(ByteBuffer.allocate(next.victim.outgoingCapacity()));
        Task<Integer> reader = Duel.startAndBlock(() -> next.victim.read(ByteBuffer.allocate(1)));
        Task<Integer> writer = Duel.startAndBlock(() -> next.victim.write(ByteBuffer.allocate(1)));
        next.peer.newEvents();
        next.setIndex(next.peer.ownProd(), -1);
        next.setIndex(next.peer.ownCons(), 1 << 30);
        next.peer.event();
        Throwable first = reader.failure();
        assertThat(first).isInstanceOf(ProtocolViolationException.class);
        assertThat(writer.failure()).isSameAs(first);
        assertThat(next.peer.newEvents()).isEqualTo(1);
        next.assertFailed((ProtocolViolationException) first);
      }
    }
  }

  @Test
  void bytesThatThePeerTakesBackDuringAPeekDoNotMakeTheConsumeWrong() throws Exception {
    duel.peer.produce(new byte[10]);
    assertThat(duel.victim.peek(Duel.soon()).remaining()).isEqualTo(10);
    duel.setIndex(duel.peer.ownProd(), 4);
    assertThat(duel.victim.dataReady()).isEqualTo(4);
    duel.victim.consume(10);
    duel.assertViolates(() -> duel.victim.read(ByteBuffer.allocate(1)));
  }

  @Test
  void spaceThatThePeerTakesBackDuringAReservationIsAViolationAtTheNextLook() throws Exception {
    int capacity = duel.victim.outgoingCapacity();
    duel.victim.write(ByteBuffer.allocate(capacity));
    duel.setIndex(duel.peer.ownCons(), capacity);
    assertThat(duel.victim.reserve(Duel.soon()).remaining()).isEqualTo(capacity);
    duel.setIndex(duel.peer.ownCons(), 0);
    assertThat(duel.victim.bufferSpace()).isZero();
    duel.victim.commit(capacity);
    duel.assertViolates(duel.victim::bufferSpace);
  }

  @Test
  void aBufferThatOccursTwiceIsWrittenOnce() throws Exception {
    ByteBuffer twice = ByteBuffer.allocate(10);
    Task<Long> write = Duel.start(() -> duel.victim.write(new ByteBuffer[] {twice, twice}));
    assertThat(write.get()).isEqualTo(10);
    assertThat(duel.index(duel.peer.victimProd())).isEqualTo(10);
  }

  @Test
  @Case("A44")
  void aPeerDomainThatIsDestroyedIsNoticedByWaitsHoweverShort() throws Exception {
    duel.host.destroy(Duel.ATTACKER);
    assertThat(duel.peer.page().load8(duel.peer.ownLive())).isEqualTo(1);
    Throwable thrown = null;
    for (int i = 0; i < 10 && !(thrown instanceof PeerDiedException); i++) {
      thrown = catchThrowable(() -> duel.victim.read(ByteBuffer.allocate(1), Duel.millis(10)));
      assertThat(thrown).isInstanceOfAny(PeerDiedException.class, VchanTimeoutException.class);
    }
    assertThat(thrown).isInstanceOf(PeerDiedException.class);
    assertThatThrownBy(() -> duel.victim.write(ByteBuffer.allocate(1)))
        .isInstanceOfAny(PeerDiedException.class, PeerClosedException.class);
  }

  @Test
  void aChannelIsNotLostWhenTheLastStepOfItsMakingFails() throws Exception {
    dev.vchan.inprocess.InProcessHost host = new dev.vchan.inprocess.InProcessHost();
    // Any call may be the one that fails: the watch or the registration closes last of all.
    for (int call = 1; call <= 14; call++) {
      Task<Vchan> other =
          Duel.start(
              () ->
                  role == Role.SERVER
                      ? Vchan.connect(
                          host.domain(Duel.ATTACKER),
                          Duel.VICTIM,
                          Duel.PORT,
                          Duel.OPTIONS,
                          Duel.millis(300))
                      : Vchan.listen(
                          host.domain(Duel.VICTIM),
                          Duel.ATTACKER,
                          Duel.PORT,
                          Duel.OPTIONS,
                          Duel.millis(300)));
      host.failAt(call);
      Throwable thrown =
          catchThrowable(
              () ->
                  (role == Role.SERVER
                          ? Vchan.listen(
                              host.domain(Duel.VICTIM),
                              Duel.ATTACKER,
                              Duel.PORT,
                              Duel.OPTIONS,
                              Duel.millis(300))
                          : Vchan.connect(
                              host.domain(Duel.ATTACKER),
                              Duel.VICTIM,
                              Duel.PORT,
                              Duel.OPTIONS,
                              Duel.millis(300)))
                      .close());
      if (thrown != null) {
        assertThat(thrown).isInstanceOf(IOException.class);
      }
      try {
        other.get().close();
      } catch (IOException e) {
        // Either of the two may be the one who is made to fail; the other sees nobody, or an end.
        assertThat(e).hasMessageMatching(".*(made to fail|timed out|has closed).*");
      }
      host.failAt(0);
      assertThat(host.leftovers()).isEmpty();
    }
  }

  @Test
  void aListenerCloseThatComesSecondWaitsForTheFirst() throws Exception {
    for (int round = 0; round < 300; round++) {
      dev.vchan.inprocess.InProcessHost host = new dev.vchan.inprocess.InProcessHost();
      VchanListener listener =
          VchanListener.open(host.domain(Duel.VICTIM), Duel.ATTACKER, Duel.PORT, Duel.OPTIONS);
      Task<Vchan> accept = Duel.start(listener::accept);
      List<Task<List<String>>> closers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        closers.add(
            Duel.start(
                () -> {
                  listener.close();
                  return host.leftovers();
                }));
      }
      for (Task<List<String>> closer : closers) {
        assertThat(closer.get()).isEmpty();
      }
      assertThat(accept.failure()).isInstanceOf(ClosedChannelException.class);
    }
  }
}
