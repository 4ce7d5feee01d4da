// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.inprocess.InProcessHost;
import dev.vchan.spi.Backend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A client that comes when another has come and gone, and the server has not yet looked. */
class SecondClientTest {

  private static final PortName PORT = new PortName("second");
  private static final DomainId CLIENT = new DomainId(1);

  private final InProcessHost host = new InProcessHost();
  private final Backend server = host.domain(DomainId.DOM0);

  @AfterEach
  void nothingIsLeft() {
    assertThat(host.leftovers()).isEmpty();
  }

  @Test
  void secondClientDoesNotContinueTheFirstOnesStream() throws Exception {
    try (VchanListener listener = VchanListener.open(server, CLIENT, PORT, VchanOptions.DEFAULTS)) {
      try (Vchan first = connect(soon())) {
        first.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      }
      assertThatThrownBy(() -> connect(Deadline.after(Duration.ofMillis(20))))
          .isInstanceOf(VchanTimeoutException.class)
          .hasMessageContaining("has had its client");
      try (Vchan accepted = listener.accept(soon())) {
        assertThat(accepted.read(ByteBuffer.allocate(10))).isEqualTo(3);
        assertThat(accepted.read(ByteBuffer.allocate(10))).isEqualTo(-1);
      }
    }
  }

  @Test
  void secondClientOfAPersistentServerContinuesTheStream() throws Exception {
    VchanOptions persistent = VchanOptions.DEFAULTS.persisting();
    try (VchanListener listener = VchanListener.open(server, CLIENT, PORT, persistent)) {
      try (Vchan first = connect(soon())) {
        first.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      }
      try (Vchan second = connect(soon());
          Vchan accepted = listener.accept(soon())) {
        second.write(ByteBuffer.wrap(new byte[] {4}));
        assertThat(accepted.read(ByteBuffer.allocate(10))).isEqualTo(4);
      }
    }
  }

  private Vchan connect(Deadline deadline) throws IOException {
    return Vchan.connect(host.domain(CLIENT), DomainId.DOM0, PORT, VchanOptions.DEFAULTS, deadline);
  }

  /** From now on, whatever the tests before took. */
  private static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(30));
  }
}
