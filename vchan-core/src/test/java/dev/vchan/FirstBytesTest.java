// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.inprocess.InProcessHost;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The shortest way from one end to the other. */
class FirstBytesTest {

  private static final PortName PORT = new PortName("first");
  private static final DomainId CLIENT = new DomainId(1);

  private final InProcessHost host = new InProcessHost();

  @AfterEach
  void nothingIsLeft() {
    assertThat(host.leftovers()).isEmpty();
  }

  @Test
  void bytesArriveInBothDirectionsAndThenTheEnd() throws Exception {
    var accepted =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return Vchan.listen(
                    host.domain(DomainId.DOM0), CLIENT, PORT, VchanOptions.DEFAULTS, soon());
              } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    try (Vchan client =
            Vchan.connect(host.domain(CLIENT), DomainId.DOM0, PORT, VchanOptions.DEFAULTS, soon());
        Vchan server = accepted.get()) {
      server.write(UTF_8.encode("hello"));
      ByteBuffer buffer = ByteBuffer.allocate(100);
      assertThat(client.read(buffer)).isEqualTo(5);
      assertThat(UTF_8.decode(buffer.flip()).toString()).isEqualTo("hello");

      assertThat(client.shutdownOutput()).isTrue();
      buffer.clear();
      assertThat(server.read(buffer)).isEqualTo(-1);
      server.write(UTF_8.encode("bye"));
      server.close();
      buffer.clear();
      assertThat(client.read(buffer)).isEqualTo(3);
      assertThat(client.read(buffer)).isEqualTo(-1);
      assertThat(client.state()).isEqualTo(VchanState.PEER_CLOSED);
    }
  }

  @Test
  void aLongStreamArrivesWhole() throws Exception {
    byte[] sent = new byte[50_000_000];
    new Random(1).nextBytes(sent);
    byte[] got = new byte[sent.length];
    try (VchanListener listener =
            VchanListener.open(host.domain(DomainId.DOM0), CLIENT, PORT, VchanOptions.DEFAULTS);
        Vchan client =
            Vchan.connect(host.domain(CLIENT), DomainId.DOM0, PORT, VchanOptions.DEFAULTS, soon());
        Vchan server = listener.accept(soon())) {
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      server.write(ByteBuffer.wrap(sent));
                      server.close();
                    } catch (java.io.IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  });
      assertThat(client.inputStream().readNBytes(got, 0, got.length)).isEqualTo(got.length);
      writer.join();
      assertThat(got).isEqualTo(sent);
      assertThat(client.inputStream().read()).isEqualTo(-1);
      assertThat(client.counters().bytesRead()).isEqualTo(sent.length);
      assertThat(client.counters().endedByPeriod()).isZero();
    }
  }

  /** From now on, whatever the tests before took. */
  private static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(30));
  }
}
