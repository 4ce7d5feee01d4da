// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What happens on Ctrl-C and on SIGTERM: what is open is closed, so that nothing stays behind, and
 * the command gets a moment to say what it leaves. The JVM then ends with 128 + the signal.
 */
final class Interruption {

  /** How long the command may take to say its last words. */
  private static final long LAST_WORDS_MILLIS = 1000;

  private static final CountDownLatch ENDED = new CountDownLatch(1);
  private static volatile boolean under;

  private Interruption() {}

  /** What is to be done when the process is interrupted. */
  interface Action {
    /** Does it, and says whether the command has something to say about it. */
    boolean run() throws IOException, InterruptedException;
  }

  /** Whether the process is being interrupted: failures from here on are consequences of that. */
  static boolean isUnderWay() {
    return under;
  }

  /** To be called when the command has ended by itself. */
  static void commandEnded() {
    ENDED.countDown();
  }

  static void onInterrupt(Action action) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  if (ENDED.getCount() == 0) {
                    return;
                  }
                  under = true;
                  try {
                    if (action.run()) {
                      ENDED.await(LAST_WORDS_MILLIS, TimeUnit.MILLISECONDS);
                    }
                  } catch (IOException | InterruptedException e) {
                    // The process ends in any case; what stays behind is found by the next one.
                    return;
                  }
                },
                "interruption"));
  }
}
