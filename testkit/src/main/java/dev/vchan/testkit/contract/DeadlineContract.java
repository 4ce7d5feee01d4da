// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.VchanState;
import dev.vchan.VchanTimeoutException;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Setup;
import dev.vchan.testkit.ends.Stage.Pair;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Everything that waits gives up in time, and leaves the channel as it was. */
public abstract class DeadlineContract extends ChannelContract {

  private static final Duration MOMENT = Duration.ofMillis(20);

  /** For subclasses. */
  protected DeadlineContract() {}

  @Test
  void everyCallGivesUpAndTheChannelGoesOn() throws Exception {
    Pair pair = connect(1024);
    int capacity = fill(pair.own()).length;
    for (Duration timeout : new Duration[] {Duration.ofSeconds(-1), Duration.ZERO, MOMENT}) {
      for (BlockingCall call : BlockingCall.values()) {
        if (call.takesDeadline()) {
          assertThatThrownBy(() -> pair.own().run(call.limited(timeout)))
              .as("%s, %s", call, timeout)
              .isInstanceOfSatisfying(
                  VchanTimeoutException.class, e -> assertThat(e.bytesTransferred()).isZero());
        }
      }
    }
    assertThat(pair.own().state()).isEqualTo(VchanState.CONNECTED);
    assertThat(pair.peer().read(2 * capacity)).hasSize(capacity);
    pair.own().write(bytes(10));
    pair.peer().write(bytes(10));
    assertThat(pair.own().read(10)).isEqualTo(bytes(10));
    assertThat(pair.peer().read(10)).isEqualTo(bytes(10));
  }

  @Test
  void anExpiredDeadlineStillLetsACallLook() throws Exception {
    Pair pair = connect(1024);
    pair.peer().write(bytes(100));
    for (BlockingCall call : BlockingCall.values()) {
      if (call.takesDeadline() && call != BlockingCall.PEEK && call != BlockingCall.RESERVE) {
        if (call == BlockingCall.DRAIN) {
          pair.peer().read(100);
        }
        pair.own().run(call.limited(Duration.ZERO));
      }
    }
    assertThat(pair.own().<Integer>call(end -> end.peek(Deadline.after(Duration.ZERO)).remaining()))
        .isEqualTo(80);
    assertThat(
            pair.own().<Integer>call(end -> end.reserve(Deadline.after(Duration.ZERO)).remaining()))
        .isPositive();
  }

  @Test
  void aWriteThatRunsOutOfTimeSaysHowFarItCame() throws Exception {
    Pair pair = connect(1024);
    int capacity = pair.own().outgoingCapacity();
    assertThatThrownBy(
            () ->
                pair.own()
                    .run(
                        end -> {
                          ByteBuffer source = ByteBuffer.allocate(capacity + 7);
                          try {
                            end.write(source, Deadline.after(MOMENT));
                          } finally {
                            assertThat(source.position()).isEqualTo(capacity);
                          }
                        }))
        .isInstanceOfSatisfying(
            VchanTimeoutException.class, e -> assertThat(e.bytesTransferred()).isEqualTo(capacity));
    assertThat(pair.peer().read(2 * capacity)).hasSize(capacity);
  }

  @Test
  void waitingForOnesTurnCountsToo() throws Exception {
    Pair pair = connect(1024);
    fill(pair.own());
    Pending<Integer> reading =
        pair.own().startAndAwaitSleep(end -> end.read(ByteBuffer.allocate(1)));
    Pending<Integer> writing =
        pair.own().startAndAwaitSleep(end -> end.write(ByteBuffer.allocate(1)));
    for (BlockingCall call : BlockingCall.values()) {
      if (call.takesDeadline()) {
        assertThatThrownBy(() -> pair.own().run(call.limited(MOMENT)))
            .as(call.name())
            .isInstanceOf(VchanTimeoutException.class);
      }
    }
    // Whoever does not wait is not made to.
    assertThat(pair.own().tryRead(1)).isZero();
    assertThat(pair.own().tryWrite(bytes(1))).isZero();
    pair.peer().read(10);
    pair.peer().write(bytes(1));
    assertThat(reading.get() + writing.get()).isEqualTo(2);
  }

  @Case("T08")
  @Test
  void nobodyIsWaitedForForEver() throws Exception {
    Setup setup = Setup.rings(1024);
    assertThatThrownBy(
            () -> stage.listen(stage.own(), stage.newPort(), setup.patient(MOMENT)).get())
        .isInstanceOf(VchanTimeoutException.class);
    assertThatThrownBy(() -> stage.join(stage.own(), stage.newPort(), setup.patient(MOMENT)).get())
        .isInstanceOf(VchanTimeoutException.class);
  }
}
