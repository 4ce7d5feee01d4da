// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.inprocess.InProcessHost;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The hooks see what the endpoint really does. */
class SeamHooksTest {

  private static final int RIGHT_PRODUCER = 12;

  private final InProcessHost host = new InProcessHost();
  private Vchan server;
  private Vchan client;

  @BeforeEach
  void connect() throws Exception {
    DomainId one = new DomainId(1);
    PortName port = new PortName("seam");
    Deadline soon = Deadline.after(Duration.ofSeconds(10));
    try (var listener =
        VchanListener.open(host.domain(DomainId.DOM0), one, port, VchanOptions.DEFAULTS)) {
      client = Vchan.connect(host.domain(one), DomainId.DOM0, port, VchanOptions.DEFAULTS, soon);
      server = listener.accept(soon);
    }
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    client.close();
    server.close();
    assertThat(host.leftovers()).isEmpty();
  }

  @Test
  void aReadIsTracedAccessByAccessWithItsValues() throws Exception {
    server.write(ByteBuffer.allocate(5));
    Trace trace = new Trace();
    try (var recorded = trace.record(SeamPoint.after())) {
      client.tryRead(ByteBuffer.allocate(100));
    }
    client.read(ByteBuffer.allocate(0));

    assertThat(trace.of(Thread.currentThread()))
        .startsWith("intAcquire 12 = 5", "copyOut 0 = 5", "setIntRelease 8 = 5", "fullFence")
        .isEqualTo(trace.all());
  }

  @Test
  void anActionRunsBetweenTheFirstAndTheSecondLook() throws Exception {
    var secondLook = SeamPoint.before("intAcquire").at(RIGHT_PRODUCER).nth(2);
    try (var hook = SeamHooks.on(secondLook, () -> server.write(ByteBuffer.allocate(3)))) {
      assertThat(client.tryRead(ByteBuffer.allocate(100))).isEqualTo(3);
      assertThat(hook.hits()).isEqualTo(1);
    }
  }

  @Test
  void aHookThatFailsFailsTheAccess() {
    var everything = SeamPoint.before().by(Thread.currentThread());
    try (var hook =
        SeamHooks.on(
            everything,
            () -> {
              throw new Exception("as planned");
            })) {
      assertThatThrownBy(() -> client.dataReady())
          .isInstanceOf(AssertionError.class)
          .hasRootCauseMessage("as planned");
    }
  }

  @Test
  void timeAndParkingPassTheSeamToo() throws Exception {
    Trace trace = new Trace();
    try (var recorded = trace.record(SeamPoint.before())) {
      Deadline deadline = Deadline.after(Duration.ofMillis(100));
      assertThatThrownBy(() -> client.read(ByteBuffer.allocate(1), deadline));
    }
    assertThat(trace.all()).containsAll(List.of("nanoTime", "park"));
  }
}
