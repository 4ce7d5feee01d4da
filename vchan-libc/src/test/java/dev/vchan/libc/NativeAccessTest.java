// SPDX-License-Identifier: Apache-2.0
package dev.vchan.libc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.SystemRefusedException;
import dev.vchan.testkit.ChildJvm;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** A JVM that may not call native code says how it may. */
class NativeAccessTest {

  @Test
  void whoMayNotCallNativeCodeIsToldTheOption() throws Exception {
    try (ChildJvm child = new ChildJvm(Optional.empty(), Duration.ofSeconds(60), Refused.class)) {
      for (int i = 0; i < 2; i++) {
        assertThat(child.line().orElse("nothing"))
            .contains("native access")
            .contains("--enable-native-access=dev.vchan.libc");
      }
    }
  }

  /** Says why it cannot link, a line for each. */
  static final class Refused {

    private Refused() {}

    public static void main(String[] arguments) throws Exception {
      print(Memcpy::link);
      print(Membarrier::register);
    }

    private static void print(Callable<Object> linking) throws Exception {
      try {
        System.out.println(linking.call());
      } catch (SystemRefusedException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
