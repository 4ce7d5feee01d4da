// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.SystemRefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said of a device that cannot be opened: each cause has its own remedy. */
class DeviceRefusalTest {

  private static final String PATH = "/dev/xen/gntdev";

  @TempDir private Path drivers;

  private SystemRefusedException refusal(int errno) {
    SystemRefusedException refused =
        Device.refusal(new SystemCallException("open", errno), PATH, "xen-gntdev", drivers);
    assertThat(refused.resource()).isEqualTo(PATH);
    assertThat(refused).hasMessageStartingWith(PATH + ": open: E");
    return refused;
  }

  private void loadDriver() throws IOException {
    Path driver = Files.createDirectory(drivers.resolve("xen!gntdev"));
    Files.writeString(driver.resolve("dev"), "10:124\n");
  }

  @ParameterizedTest
  @ValueSource(
      ints = {SystemCallException.ENOENT, SystemCallException.ENODEV, SystemCallException.ENXIO})
  void aDriverThatIsMissingIsToBeLoaded(int errno) {
    assertThat(refusal(errno).remedy()).contains("modprobe xen-gntdev").doesNotContain("mknod");
  }

  @ParameterizedTest
  @ValueSource(
      ints = {SystemCallException.ENOENT, SystemCallException.ENODEV, SystemCallException.ENXIO})
  void aNodeThatIsMissingIsToBeMade(int errno) throws IOException {
    loadDriver();
    assertThat(refusal(errno).remedy())
        .contains("mknod -m 600 /dev/xen/gntdev c 10 124")
        .doesNotContain("modprobe");
  }

  @Test
  void aPermissionIsToBeGiven() throws IOException {
    loadDriver();
    assertThat(refusal(SystemCallException.EACCES).remedy()).contains("chown", PATH);
  }
}
