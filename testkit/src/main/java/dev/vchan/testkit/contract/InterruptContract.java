// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.ends.Deed;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Stage;
import dev.vchan.testkit.ends.Stage.Pair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import org.junit.jupiter.api.Test;

/** Interruption, as {@link java.nio.channels.InterruptibleChannel} specifies it. */
public abstract class InterruptContract extends ChannelContract {

  /** For subclasses. */
  protected InterruptContract() {}

  /** Whether the call ends as it should, with the thread still marked as interrupted. */
  private static <S> Deed<S, Boolean> closedByInterrupt(Deed.Plain<S> call) {
    return subject -> {
      assertThatThrownBy(() -> call.on(subject))
          .isExactlyInstanceOf(ClosedByInterruptException.class);
      return Thread.interrupted();
    };
  }

  @Test
  void anInterruptEndsEveryBlockedCallAndTheChannel() throws Exception {
    for (BlockingCall blocked : BlockingCall.values()) {
      Pair pair = connect(1024);
      fill(pair.own());
      Pending<Boolean> call = pair.own().startAndAwaitSleep(closedByInterrupt(blocked.unlimited()));
      call.interrupt();
      assertThat(call.get()).as(blocked.name()).isTrue();
      assertThat(pair.own().state()).isEqualTo(VchanState.CLOSED);
      assertThat(pair.peer().state()).isEqualTo(VchanState.PEER_CLOSED);
      pair.peer().close();
    }
  }

  @Test
  void anInterruptBeforeTheCallCountsToo() throws Exception {
    for (BlockingCall call : BlockingCall.values()) {
      Pair pair = connect(1024);
      fill(pair.own());
      Deed.Plain<Vchan> deed = call.unlimited();
      Deed.Plain<Vchan> interrupted =
          end -> {
            Thread.currentThread().interrupt();
            deed.on(end);
          };
      assertThat(pair.own().call(closedByInterrupt(interrupted))).as(call.name()).isTrue();
      assertThat(pair.own().state()).isEqualTo(VchanState.CLOSED);
      pair.peer().close();
    }
  }

  @Test
  void anInterruptDoesNotDisturbThoseWhoDoNotWait() throws Exception {
    Pair pair = connect(1024);
    pair.own()
        .run(
            end -> {
              Thread.currentThread().interrupt();
              assertThat(end.tryRead(ByteBuffer.allocate(1))).isZero();
              assertThat(end.tryWrite(ByteBuffer.allocate(1))).isEqualTo(1);
              assertThat(end.trySend(ByteBuffer.allocate(1))).isTrue();
              assertThat(end.dataReady()).isZero();
              assertThat(end.state()).isEqualTo(VchanState.CONNECTED);
              assertThat(Thread.interrupted()).isTrue();
            });
    assertThat(pair.peer().read(10)).hasSize(2);
  }

  @Test
  void anInterruptWhileWaitingForOnesTurnEndsTheChannelForAll() throws Exception {
    Pair pair = connect(1024);
    Pending<Integer> reading =
        pair.own().startAndAwaitSleep(end -> end.read(ByteBuffer.allocate(1)));
    Pending<Boolean> next =
        pair.own().start(closedByInterrupt(end -> end.read(ByteBuffer.allocate(1))));
    next.interrupt();
    assertThat(next.get()).isTrue();
    assertThatThrownBy(reading::get).isExactlyInstanceOf(AsynchronousCloseException.class);
  }

  @Test
  void anInterruptDuringATransferLosesNothingThatWasPublished() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    Pending<Boolean> writing =
        pair.own()
            .startAndAwaitSleep(
                closedByInterrupt(end -> end.write(ByteBuffer.wrap(bytes(capacity + 1)))));
    writing.interrupt();
    assertThat(writing.get()).isTrue();
    assertThat(pair.peer().read(2 * capacity)).hasSize(capacity);
    assertThat(pair.peer().read(1)).isEmpty();
  }

  @Case("T09")
  @Test
  void anInterruptEndsAConnectThatWaits() throws Exception {
    String port = stage.newPort();
    Pending<Boolean> connecting =
        stage
            .own()
            .start(
                closedByInterrupt(
                    backend ->
                        Vchan.connect(
                            backend,
                            Stage.PEER,
                            new PortName(port),
                            VchanOptions.DEFAULTS,
                            Deadline.NEVER)));
    connecting.interrupt();
    assertThat(connecting.get()).isTrue();
  }

  @Case("T08")
  @Test
  void anInterruptEndsAnAcceptThatWaitsAndTheListener() throws Exception {
    String port = stage.newPort();
    Pending<Boolean> accepting =
        stage
            .own()
            .start(
                backend -> {
                  try (VchanListener listener = listen(backend, port)) {
                    boolean interrupted =
                        closedByInterrupt((VchanListener it) -> it.accept()).on(listener);
                    assertThat(listener.isOpen()).isFalse();
                    assertThatThrownBy(listener::accept)
                        .isExactlyInstanceOf(ClosedChannelException.class);
                    return interrupted;
                  }
                });
    accepting.interrupt();
    assertThat(accepting.get()).isTrue();
  }

  @Case("T08")
  @Test
  void closingAListenerEndsAnAcceptThatWaits() throws Exception {
    String port = stage.newPort();
    stage
        .own()
        .start(
            backend -> {
              VchanListener listener = listen(backend, port);
              Thread closer = Thread.ofVirtual().start(() -> closeQuietly(listener));
              assertThatThrownBy(listener::accept).isInstanceOf(ClosedChannelException.class);
              closer.join();
              listener.close();
              return true;
            })
        .get();
  }

  private static void closeQuietly(VchanListener listener) {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static VchanListener listen(Backend backend, String port) throws IOException {
    DomainId client = backend.self().equals(Stage.OWN) ? Stage.PEER : Stage.OWN;
    return VchanListener.open(backend, client, new PortName(port), VchanOptions.DEFAULTS);
  }
}
