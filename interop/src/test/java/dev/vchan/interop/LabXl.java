// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vchan.Deadline;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.time.Duration;
import java.util.List;

/** Xen's own tool for domains, which works in dom0. */
final class LabXl {

  private static final Duration MOST = Duration.ofSeconds(15);

  private LabXl() {}

  /** What it says, which ended well. */
  static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    int exit = process.waitFor();
    if (exit != 0) {
      throw new AssertionError(List.of(command) + " ended with " + exit);
    }
    return output;
  }

  private static List<String> names() throws IOException, InterruptedException {
    return run("xl", "list").lines().skip(1).map(line -> line.split(" ", 2)[0]).toList();
  }

  /** Waits until no domain has this name; pages of one that had it may still be mapped. */
  static void awaitNot(String name) throws IOException, InterruptedException {
    Deadline deadline = Deadline.after(MOST);
    while (names().contains(name)) {
      if (deadline.remainingNanos() == 0) {
        throw new AssertionError(name + " is still there");
      }
      Thread.sleep(200);
    }
  }

  /**
   * Waits until there are no domains but these. One that anybody still maps pages of stays in the
   * list, as "(null)".
   *
   * @return nothing, or the list that did not get shorter
   */
  static List<String> awaitOnly(String... names) throws IOException, InterruptedException {
    Deadline deadline = Deadline.after(MOST);
    while (true) {
      List<String> found = names();
      if (found.equals(List.of(names)) || deadline.remainingNanos() == 0) {
        return found.equals(List.of(names)) ? List.of() : found;
      }
      Thread.sleep(200);
    }
  }
}
