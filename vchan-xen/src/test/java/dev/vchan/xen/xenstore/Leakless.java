// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.Deadline;
import dev.vchan.testkit.LeakCheck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Each test ends by proving that no thread and no descriptor is left. */
abstract class Leakless {

  static {
    // The descriptors that the JVM opens once are not the first test's.
    try {
      Files.delete(Files.createTempFile("xs", "warm"));
      SocketChannel.open(StandardProtocolFamily.UNIX).close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private LeakCheck leaks;

  @BeforeEach
  final void remember() {
    leaks = new LeakCheck();
  }

  @AfterEach
  final void nothingIsLeft() {
    leaks.assertNothingLeft();
  }

  /** Ends waits that are not meant to end that way. */
  static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(30));
  }

  /** For waits that are meant to end that way. */
  static Deadline atOnce() {
    return Deadline.after(Duration.ofMillis(50));
  }
}
