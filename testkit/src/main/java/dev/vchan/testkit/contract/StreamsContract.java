// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.PeerClosedException;
import dev.vchan.Vchan;
import dev.vchan.VchanState;
import dev.vchan.VchanTimeoutException;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Setup;
import dev.vchan.testkit.ends.Stage.Pair;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A channel as {@code InputStream} and {@code OutputStream}. */
public abstract class StreamsContract extends ChannelContract {

  /** For subclasses. */
  protected StreamsContract() {}

  @Test
  void singleBytesOfEveryValuePass() throws Exception {
    Pair pair = connect(1024);
    pair.own()
        .run(
            end -> {
              OutputStream out = end.outputStream();
              for (int value = 0; value < 256; value++) {
                out.write(value);
              }
              // Only the lowest eight bits count.
              out.write(-1);
            });
    pair.peer()
        .run(
            end -> {
              InputStream in = end.inputStream();
              for (int value = 0; value < 256; value++) {
                assertThat(in.read()).isEqualTo(value);
              }
              assertThat(in.read()).isEqualTo(255);
            });
  }

  @Test
  void partsOfArraysPass() throws Exception {
    Pair pair = connect(1024);
    byte[] bytes = bytes(100);
    pair.own().run(end -> end.outputStream().write(bytes, 10, 80));
    byte[] got =
        pair.peer()
            .call(
                end -> {
                  byte[] target = new byte[100];
                  assertThat(end.inputStream().read(target, 10, 90)).isEqualTo(80);
                  return target;
                });
    byte[] expected = new byte[100];
    System.arraycopy(bytes, 10, expected, 10, 80);
    assertThat(got).isEqualTo(expected);
    pair.own().run(end -> end.outputStream().write(bytes, 100, 0));
    assertThat(pair.peer().<Integer>call(end -> end.inputStream().read(new byte[0]))).isZero();
    assertThat(pair.peer().dataReady()).isZero();
  }

  @Test
  void availableTellsWhatCanBeReadWithoutWaiting() throws Exception {
    Pair pair = connect(1024);
    assertThat(pair.own().<Integer>call(end -> end.inputStream().available())).isZero();
    pair.peer().write(bytes(77));
    assertThat(pair.own().<Integer>call(end -> end.inputStream().available())).isEqualTo(77);
    assertThat(pair.own().<Long>call(end -> end.inputStream().skip(70))).isEqualTo(70);
    assertThat(pair.own().<Integer>call(end -> end.inputStream().available())).isEqualTo(7);
  }

  @Test
  void closingTheOutputWaitsUntilThePeerHasReadEverything() throws Exception {
    Pair pair = connect(1024);
    byte[] full = fill(pair.own());
    Pending<Boolean> closing =
        pair.own()
            .startAndAwaitSleep(
                end -> {
                  end.outputStream().close();
                  return true;
                });
    assertThat(pair.peer().state()).isEqualTo(VchanState.CONNECTED);
    assertThat(pair.peer().read(full.length)).isEqualTo(full);
    assertThat(closing.get()).isTrue();
    assertThat(pair.own().state()).isEqualTo(VchanState.CLOSED);
    assertThat(pair.peer().read(1)).isEmpty();
  }

  @Test
  void closingTheInputDrainsTheOutputToo() throws Exception {
    Pair pair = connect(1024);
    byte[] full = fill(pair.own());
    Pending<Boolean> closing =
        pair.own()
            .startAndAwaitSleep(
                end -> {
                  end.inputStream().close();
                  return true;
                });
    assertThat(pair.peer().read(full.length)).isEqualTo(full);
    assertThat(closing.get()).isTrue();
    assertThat(pair.own().state()).isEqualTo(VchanState.CLOSED);
  }

  @Test
  void closingTwiceIsClosingOnce() throws Exception {
    Pair pair = connect(1024);
    pair.own()
        .run(
            end -> {
              OutputStream out = end.outputStream();
              InputStream in = end.inputStream();
              out.close();
              in.close();
              out.close();
              assertThatThrownBy(in::read).isInstanceOf(ClosedChannelException.class);
              assertThatThrownBy(() -> out.write(1)).isInstanceOf(ClosedChannelException.class);
              assertThatThrownBy(in::available).isInstanceOf(ClosedChannelException.class);
            });
  }

  @Test
  void aPeerThatDoesNotReadLetsTheCloseFailButNotHang() throws Exception {
    Pair pair = connect(Setup.rings(1024).asleep().draining(Duration.ofMillis(20)));
    pair.own().write(bytes(10));
    assertThatThrownBy(() -> pair.own().run(end -> end.outputStream().close()))
        .isInstanceOf(VchanTimeoutException.class);
    assertThat(pair.own().state()).isEqualTo(VchanState.CLOSED);
    assertThat(pair.peer().read(100)).isEqualTo(bytes(10));
  }

  @Test
  void aPeerThatHasClosedIsNotWaitedFor() throws Exception {
    Pair pair = connect(1024);
    pair.own().write(bytes(10));
    pair.peer().close();
    pair.own().run(end -> end.outputStream().close());
    assertThat(pair.own().state()).isEqualTo(VchanState.CLOSED);
  }

  @Test
  void aPeerThatClosesMeanwhileIsReported() throws Exception {
    Pair pair = connect(1024);
    pair.own().write(bytes(10));
    Pending<Boolean> closing =
        pair.own()
            .startAndAwaitSleep(
                end -> {
                  end.outputStream().close();
                  return true;
                });
    pair.peer().close();
    assertThatThrownBy(closing::get).isInstanceOf(PeerClosedException.class);
    assertThat(pair.own().state()).isEqualTo(VchanState.CLOSED);
  }

  @Test
  void everythingIsTransferredToTheEnd() throws Exception {
    Pair pair = connect(Setup.rings(4096));
    byte[] bytes = bytes(1_000_000);
    Pending<Boolean> writing =
        pair.own()
            .startRun(
                end -> {
                  try (OutputStream out = end.outputStream()) {
                    out.write(bytes);
                  }
                });
    assertThat(pair.peer().<byte[]>call(end -> end.inputStream().readAllBytes())).isEqualTo(bytes);
    assertThat(writing.get()).isTrue();
    assertThat(pair.peer().<Boolean>call(Vchan::isOpen)).isTrue();
  }
}
