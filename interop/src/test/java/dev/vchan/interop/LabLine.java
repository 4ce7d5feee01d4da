// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Deadline;
import dev.vchan.xen.xenstore.StorePath;
import dev.vchan.xen.xenstore.StoreWatch;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/**
 * Lines between the lab's two domains, through XenStore, so that they cost no event of
 * /dev/xen/evtchn. Each waits for the other's answer before it says more.
 */
final class LabLine implements Closeable {

  private static final String[] NAMES = {"dom0-says", "domU-says"};

  private final LabSite site;
  private final StorePath said;
  private final StorePath heard;
  private final StoreWatch watch;
  private int sayings;
  private int hearings;
  private long seen;

  LabLine(LabSite site, String port) throws IOException {
    this.site = site;
    int own = site.isDom0() ? 0 : 1;
    StorePath node = site.reportNode(port);
    said = node.child(NAMES[own]);
    heard = node.child(NAMES[1 - own]);
    watch = site.store().watch(heard, Hub.soon());
  }

  void say(String line) throws IOException {
    sayings++;
    site.store().nodes(Hub.soon()).write(said, sayings + " " + line);
  }

  /** Waits for the next line. */
  String hear() throws IOException {
    hearings++;
    Deadline deadline = Deadline.after(LabSite.PATIENCE);
    // A change that was counted before the last look is the line before.
    while (watch.await(seen, deadline.remainingNanos())) {
      seen = watch.changes();
      Optional<String> found = site.store().nodes(Hub.soon()).read(heard);
      if (found.isPresent() && found.get().startsWith(hearings + " ")) {
        return found.get().substring(found.get().indexOf(' ') + 1);
      }
    }
    throw new IOException("nothing was said within " + LabSite.PATIENCE);
  }

  @Override
  public void close() {
    watch.close();
  }
}
