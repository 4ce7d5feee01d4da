// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.SystemRefusedException;
import dev.vchan.testkit.LeakCheck;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The calls that devices need, on things that every Linux has. */
class LibCTest {

  @TempDir private Path directory;
  private LeakCheck leaks;

  @BeforeEach
  void remember() {
    leaks = new LeakCheck();
  }

  @AfterEach
  void nothingIsLeft() {
    leaks.assertNothingLeft();
  }

  @Test
  void whatIsMappedIsTheFileUntilTheArenaIsClosed() throws Exception {
    Path file = Files.write(directory.resolve("pages"), new byte[3 * 4096]);
    int descriptor = LibC.open(file.toString(), true);
    Arena arena = Arena.ofShared();
    MemorySegment pages = LibC.map(descriptor, 4096, 8192, true, arena);
    MemorySegment view = LibC.map(descriptor, 8192, 4096, false, arena);
    LibC.close(descriptor);
    pages.set(JAVA_INT, 4096, 77);
    assertThat(view.get(JAVA_INT, 0)).isEqualTo(77);
    assertThatThrownBy(() -> view.set(JAVA_INT, 0, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThat(mappings(file)).isEqualTo(2);
    arena.close();
    assertThat(mappings(file)).isZero();
    assertThatThrownBy(() -> pages.get(JAVA_INT, 0)).isInstanceOf(IllegalStateException.class);
    assertThat(Files.readAllBytes(file)[8192]).isEqualTo((byte) 77);
  }

  private static long mappings(Path file) throws IOException {
    try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.endsWith(file.toString())).count();
    }
  }

  @Test
  void failuresTellTheCallAndTheNumber() throws Exception {
    assertFails(SystemCallException.ENOENT, "open", () -> LibC.open("/absent", true));
    assertFails(9, "ioctl", () -> LibC.ioctl(-1, Ioctl.RESET, MemorySegment.NULL));
    int descriptor = LibC.open("/dev/null", true);
    assertFails(25, "ioctl", () -> LibC.ioctl(descriptor, Ioctl.RESET, MemorySegment.NULL));
    try (Arena arena = Arena.ofShared()) {
      assertFails(
          SystemCallException.ENODEV, "mmap", () -> LibC.map(descriptor, 0, 4096, true, arena));
    }
    LibC.close(descriptor);
    assertFails(9, "close", () -> LibC.close(descriptor));
  }

  private interface Failing {
    void run() throws IOException;
  }

  private static void assertFails(int errno, String call, Failing failing) {
    assertThatThrownBy(failing::run)
        .isInstanceOfSatisfying(
            SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(errno))
        .hasMessageStartingWith(call + ": E");
  }

  @Test
  void aCounterWakesWhoeverPolls() throws Exception {
    int quiet = LibC.eventfd();
    int counter = LibC.eventfd();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment number = arena.allocate(JAVA_LONG);
      assertFails(SystemCallException.EAGAIN, "read", () -> LibC.read(counter, number));
      var polling = Watchdog.start("polling", () -> LibC.poll(quiet, counter, -1));
      number.set(JAVA_LONG, 0, 3);
      assertThat(LibC.write(counter, number)).isEqualTo(8);
      assertThat(polling.get()).containsExactly(0, LibC.POLLIN);
      assertThat(LibC.read(counter, number)).isEqualTo(8);
      assertThat(number.get(JAVA_LONG, 0)).isEqualTo(3);
    }
    LibC.close(counter);
    LibC.close(quiet);
  }

  @Test
  void aChildInheritsNothing() throws Exception {
    int descriptor = LibC.open("/dev/null", true);
    int counter = LibC.eventfd();
    for (int open : new int[] {descriptor, counter}) {
      String flags =
          Files.readAllLines(Path.of("/proc/self/fdinfo/" + open)).stream()
              .filter(line -> line.startsWith("flags:"))
              .findFirst()
              .orElseThrow();
      // O_CLOEXEC, in octal.
      assertThat(Long.parseLong(flags.replaceAll("\\D", ""), 8) & 02000000).isNotZero();
      LibC.close(open);
    }
  }

  @Test
  void thePagesOfTheKernelHaveASize() throws Exception {
    assertThat(LibC.pageSize()).isIn(4096L, 16384L, 65536L);
  }

  @Test
  void aMissingDeviceSaysWhichModuleToLoad() {
    assertThatThrownBy(() -> Device.open("/dev/xen/absent", "xen-absent", true))
        .isInstanceOf(SystemRefusedException.class)
        .hasMessageContaining("/dev/xen/absent")
        .hasMessageContaining("modprobe xen-absent");
  }

  @Test
  void aDeviceIsNotUsedOnceItIsClosed() throws Exception {
    Device device = Device.open("/dev/null", "none", true);
    assertThat((int) device.use(descriptor -> descriptor)).isEqualTo(device.descriptor());
    device.close();
    device.close();
    assertThat(device.isClosed()).isTrue();
    assertThatThrownBy(() -> device.use(descriptor -> descriptor)).hasMessageContaining("closed");
  }
}
