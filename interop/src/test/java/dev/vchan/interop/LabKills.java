// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.testkit.ends.Role;
import dev.vchan.xen.xenstore.StorePath;
import java.io.EOFException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Steps in which a process with libxenvchan is killed while it writes to us without end. */
final class LabKills {

  private static final int LARGEST = 4096;
  private static final Duration MOST = Duration.ofSeconds(15);

  /** So much has come, and was right, before the kill. */
  private static final long READ = 100_000;

  private LabKills() {}

  static List<LabStep> steps() {
    List<LabStep> steps = new ArrayList<>();
    for (Role victim : Role.values()) {
      String role = victim == Role.SERVER ? "server" : "client";
      steps.add(
          new LabStep(
              "a C %s in domU is killed, dom0 sees the end".formatted(role),
              survivor(victim),
              killed(victim)));
      steps.add(
          new LabStep(
              "a C %s in dom0 is killed, domU sees the end".formatted(role),
              killed(victim),
              survivor(victim)));
    }
    return steps;
  }

  private static LabStep.Work killed(Role own) {
    return (site, port) -> {
      CPeer peer = site.startPeer();
      try {
        String where = site.other() + " " + site.path(own, port);
        if (own == Role.SERVER) {
          peer.ask("listen %s %d %d".formatted(where, LARGEST, LARGEST));
          peer.ask("accept");
        } else {
          peer.ask("connect %s %d".formatted(where, 30_000));
        }
        peer.ask("streams 1 2");
        peer.tell("write %d %d".formatted(1L << 40, LARGEST));
        site.awaitReport(port + "-flows");
      } finally {
        peer.kill();
      }
      if (own == Role.SERVER) {
        // As libxenvchan leaves them when it is killed.
        site.store().nodes(Hub.soon()).remove(new StorePath(site.path(own, port).value()));
      }
      return "";
    };
  }

  private static LabStep.Work survivor(Role victim) {
    return (site, port) -> {
      VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(LARGEST));
      try (Vchan channel =
          victim == Role.CLIENT
              ? Vchan.listen(site.backend(), site.other(), LabSite.name(port), options, Hub.soon())
              : Vchan.connect(
                  site.backend(), site.other(), LabSite.name(port), options, Hub.soon())) {
        JavaEnd end = new JavaEnd(channel, 2, 1, LARGEST, LARGEST);
        end.read(READ);
        site.report(port + "-flows", "ok");
        long start = System.nanoTime();
        try {
          end.read(1L << 40);
        } catch (EOFException e) {
          // The kernel clears the live byte of who dies, which is all that libxenvchan does itself.
          if (channel.state() != VchanState.PEER_CLOSED) {
            throw new AssertionError("the state is " + channel.state(), e);
          }
          if (System.nanoTime() - start > MOST.toNanos()) {
            throw new AssertionError("seen later than " + MOST, e);
          }
          return "";
        }
        throw new AssertionError("the victim wrote all");
      }
    };
  }
}
