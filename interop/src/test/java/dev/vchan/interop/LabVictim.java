// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Vchan;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Role;
import dev.vchan.testkit.ends.Workers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A process with ends of ours that is there to be killed: as server and as client, with peers of
 * both makers, it writes without end.
 */
public final class LabVictim {

  static final long ENDLESS = 1L << 40;
  static final long SEED = 1;

  private LabVictim() {}

  /** The port of one of its channels. */
  static String port(String port, String survivor, Role own) {
    return port + "-" + survivor + own.ordinal();
  }

  /**
   * Writes until it is killed.
   *
   * @param words what the names of its ports begin with, and what a site is told
   */
  public static void main(String[] words) throws Exception {
    List<Pending<Boolean>> writers = new ArrayList<>();
    try (LabSite site = LabSite.open(Arrays.copyOfRange(words, 1, words.length))) {
      for (String survivor : List.of("java", "c")) {
        for (Role own : Role.values()) {
          String port = port(words[0], survivor, own);
          writers.add(Workers.PLATFORM.start(() -> write(site, own, port)));
        }
      }
      site.report(words[0] + "-up", "ok");
      for (Pending<Boolean> writer : writers) {
        writer.get();
      }
    }
  }

  private static boolean write(LabSite site, Role own, String port) throws IOException {
    Vchan channel = LabBlocked.open(site, site.other(), own, port);
    int largest = LabBlocked.CAPACITY;
    new JavaEnd(channel, SEED, SEED + 1, largest, largest).write(ENDLESS);
    return true;
  }
}
