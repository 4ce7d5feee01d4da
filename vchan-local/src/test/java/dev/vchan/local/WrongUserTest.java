// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.DomainId;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventChannel.Peer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A process of another user that has got past the mode of the directory. Only root can stage that:
 * the child is nobody, with the one privilege of ignoring modes.
 */
class WrongUserTest {

  private static final List<String> AS_NOBODY =
      List.of(
          "setpriv",
          "--reuid=65534",
          "--clear-groups",
          "--inh-caps=+dac_override",
          "--ambient-caps=+dac_override");

  private final Meeting meeting = new Meeting();

  @BeforeEach
  void onlyRootCanBecomeSomebodyElse() throws Exception {
    Assumptions.assumeTrue(
        Files.getAttribute(meeting.parent(), "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(0),
        "run the tests as root to have this one: it starts a process of another user");
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    meeting.close();
  }

  @Test
  void aClientOfAnotherUserIsHungUpOnAndTheRightOneStillBinds() throws Exception {
    DomainId client = new DomainId(1);
    try (EventChannel port = meeting.open(0).events().listen(client)) {
      Path socket = meeting.root().resolve("evtchn/0/" + port.port());
      try (ChildProcess other =
          ChildProcess.start(AS_NOBODY, "call", socket.toString(), port.port().toString())) {
        assertThat(other.line()).isEqualTo("0 bytes came, then the end");
        assertThat(other.end()).isZero();
      }
      assertThat(port.peer()).isEqualTo(Peer.UNBOUND);
      try (EventChannel own = meeting.open(1).events().connect(DomainId.DOM0, port.port())) {
        assertThat(own.peer()).isEqualTo(Peer.BOUND);
      }
    }
  }

  @Test
  void aServerOfAnotherUserIsRefusedByName() throws Exception {
    LocalBackend client = meeting.open(1);
    try (EventChannel port = meeting.open(0).events().listen(new DomainId(1))) {
      Path socket = meeting.root().resolve("evtchn/0/" + port.port());
      Files.delete(socket);
      try (ChildProcess other = ChildProcess.start(AS_NOBODY, "pose", socket.toString())) {
        assertThat(other.line()).isEqualTo("posing");
        assertThatThrownBy(() -> client.events().connect(DomainId.DOM0, port.port()))
            .isInstanceOf(SystemRefusedException.class)
            .hasMessageContaining("runs as nobody, not as root")
            .hasMessageContaining("same user");
        assertThat(other.end()).isZero();
      }
      Files.deleteIfExists(socket);
    }
  }
}
