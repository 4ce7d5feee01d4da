// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.SystemRefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said where there is no XenStore, or none for this user. */
class OpeningTest extends Leakless {

  @TempDir private Path directory;

  private void expectRefusal(Path place, String... words) {
    assertThatThrownBy(() -> XenStore.open(place, soon()))
        .isInstanceOfSatisfying(
            SystemRefusedException.class,
            e -> {
              assertThat(e.resource()).isEqualTo("XenStore");
              assertThat(e.remedy()).isNotBlank();
            })
        .hasMessageContaining(place.toString())
        .hasMessageContainingAll(words);
  }

  @Test
  void aMissingPlaceIsNamed() {
    expectRefusal(directory.resolve("absent"), "no such file", "xenfs", "XENSTORED_PATH");
  }

  @Test
  void aPlainFileIsNotWrittenTo() throws IOException {
    Path plain = Files.writeString(directory.resolve("plain"), "precious");
    expectRefusal(plain, "neither a socket nor a device");
    assertThat(plain).hasContent("precious");
  }

  @Test
  void aDirectoryIsNoXenStore() {
    expectRefusal(directory, "neither a socket nor a device");
  }

  @Test
  void aSocketThatNobodyServesIsNamed() throws Exception {
    Path socket;
    try (RawDaemon daemon = new RawDaemon()) {
      Path served = daemon.socket();
      socket = Files.createLink(directory.resolve("stale"), served);
    }
    expectRefusal(socket, "Connection refused");
  }

  @Test
  void denialSaysWhatToGrant() {
    SystemRefusedException refused =
        Refusals.ofPlaces(
            List.of("/run/xenstored/socket: permission denied", "/dev/xen/xenbus: no such file"),
            true);
    assertThat(refused)
        .hasMessageContainingAll(
            "permission denied", "no such file", "run as root", "whole domain");
  }
}
