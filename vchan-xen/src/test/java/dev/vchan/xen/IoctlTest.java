// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Case;
import dev.vchan.testkit.Needs;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every constant of {@link Ioctl} against the kernel's headers. */
class IoctlTest {

  @TempDir private Path directory;

  @Test
  @Case("T88")
  void numbersAreMadeOfADeviceARequestAndASize() {
    int pages = 'G';
    int events = 'E';
    assertThat(Ioctl.ALLOC_GREF).isEqualTo(number(pages, 5, Ioctl.ALLOC_MIN_BYTES));
    assertThat(Ioctl.DEALLOC_GREF).isEqualTo(number(pages, 6, Ioctl.RELEASE_BYTES));
    assertThat(Ioctl.MAP_GRANT_REF)
        .isEqualTo(number(pages, 0, Ioctl.MAP_REFS + Ioctl.MAP_REF_BYTES));
    assertThat(Ioctl.UNMAP_GRANT_REF).isEqualTo(number(pages, 1, Ioctl.RELEASE_BYTES));
    assertThat(Ioctl.SET_UNMAP_NOTIFY).isEqualTo(number(pages, 7, Ioctl.NOTIFY_BYTES));
    assertThat(Ioctl.BIND_INTERDOMAIN).isEqualTo(number(events, 1, 2 * Integer.BYTES));
    assertThat(Ioctl.BIND_UNBOUND_PORT).isEqualTo(number(events, 2, Integer.BYTES));
    assertThat(Ioctl.UNBIND).isEqualTo(number(events, 3, Integer.BYTES));
    assertThat(Ioctl.NOTIFY).isEqualTo(number(events, 4, Integer.BYTES));
    assertThat(Ioctl.RESET).isEqualTo(number(events, 5, 0));
  }

  /** {@code _IOC(_IOC_NONE, device, request, size)}. */
  private static int number(int device, int request, int size) {
    return size << 16 | device << 8 | request;
  }

  @Test
  void numbersAndPlacesAreThoseOfTheKernelsHeaders() throws Exception {
    boolean headers = Files.exists(Path.of("/usr/include/xen/gntalloc.h"));
    Needs.XEN.met(headers ? Cc.missing() : Optional.of("xen/gntalloc.h"));
    Map<String, Long> ours = new TreeMap<>();
    for (Field field : Ioctl.class.getDeclaredFields()) {
      if (field.getType().isPrimitive()) {
        ours.put(field.getName(), ((Number) field.get(null)).longValue());
      }
    }
    assertThat(theirs()).isEqualTo(ours);
  }

  private Map<String, Long> theirs() throws Exception {
    Path program = directory.resolve("layout");
    Cc.compile("layout.c", program);
    Process process = new ProcessBuilder(program.toString()).redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    Map<String, Long> found = new TreeMap<>();
    for (String line : printed.lines().toList()) {
      String[] words = line.split(" ");
      Long before = found.put(words[0], Long.valueOf(words[1]));
      // What two devices have in common is printed for each of them.
      assertThat(before).isIn(null, found.get(words[0]));
    }
    return found;
  }
}
