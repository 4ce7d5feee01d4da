// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How sockets are written. */
class SocketNameTest {

  @ParameterizedTest
  @CsvSource({
    "tcp:6379, tcp:127.0.0.1:6379",
    "tcp:localhost:1, tcp:localhost:1",
    "localhost:1, tcp:localhost:1",
    "127.0.0.2:80, tcp:127.0.0.2:80",
    "tcp:*:0, tcp:*:0",
    "[::1]:65535, tcp:[::1]:65535",
    "tcp:[fe80::1%eth0]:7, tcp:[fe80::1%eth0]:7",
    "unix:/run/a:b.sock, unix:/run/a:b.sock",
    "unix:relative, unix:relative",
    "fd:3, fd:3"
  })
  void aSocketIsReadAndSaidInFull(String word, String full) {
    assertThat(SocketName.isMeant(word)).isTrue();
    assertThat(SocketName.parse(word)).hasToString(full);
    assertThat(SocketName.parse(full)).hasToString(full);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tcp:",
        "tcp:http",
        "tcp::80",
        ":80",
        "tcp:[::1]",
        "tcp:::1:80",
        "::1:80",
        "tcp:1.2.3.4",
        "tcp:65536",
        "tcp:-1",
        "tcp:[localhost]:80",
        "TCP-LISTEN:80,fork",
        "unix:",
        "fd:",
        "fd:-1",
        "fd:x"
      })
  void whatIsNoSocketIsRefusedWithTheWord(String word) {
    assertThatThrownBy(() -> SocketName.parse(word))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(word);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "redis", "/run/x.sock", "/run/a:b", "-"})
  void whatHasNoColonIsNotMeant(String word) {
    assertThat(SocketName.isMeant(word)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {107, 108})
  void thePathFitsIntoASocketsName(int length) {
    String word = "unix:/" + "x".repeat(length - 1);
    if (length <= SocketName.MAX_PATH_BYTES) {
      assertThat(SocketName.parse(word)).hasToString(word);
    } else {
      assertThatThrownBy(() -> SocketName.parse(word)).hasMessageContaining("108");
    }
  }
}
