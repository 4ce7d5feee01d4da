// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Deadline;
import dev.vchan.PeerDiedException;
import dev.vchan.Vchan;
import dev.vchan.VchanState;
import dev.vchan.testkit.ends.Role;
import dev.vchan.xen.xenstore.StorePath;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Steps in which a JVM is killed that writes without end, as server and as client. */
final class LabVictims {

  /** So much is read before the kill, and checked like all the rest. */
  private static final long READ = 50_000;

  private static final int LARGEST = LabBlocked.CAPACITY;

  private LabVictims() {}

  static List<LabStep> steps() {
    String what =
        "a JVM in %s is killed, %s reads what had come and then sees Java's death, C an end:";
    return List.of(
        new LabStep(what.formatted("domU", "dom0"), LabVictims::survive, LabVictims::kill),
        new LabStep(what.formatted("dom0", "domU"), LabVictims::kill, LabVictims::survive));
  }

  private static String kill(LabSite site, String port) throws Exception {
    String java =
        "exec /jre/bin/java $(cat /etc/java-words) --add-modules dev.vchan.xen"
            + " -cp /suite/tests:/suite/testkit %s %s %s"
                .formatted(LabVictim.class.getName(), port, site.domU());
    Process victim = new ProcessBuilder("/bin/sh", "-c", java).inheritIO().start();
    String ready;
    try {
      ready = site.awaitReport(port + "-ready");
    } finally {
      victim.destroyForcibly();
      victim.waitFor();
    }
    site.report(port + "-killed", "ok");
    for (String survivor : List.of("java", "c")) {
      // As it leaves them when it is killed.
      String path = site.path(Role.SERVER, LabVictim.port(port, survivor, Role.SERVER)).value();
      site.store().nodes(Hub.soon()).remove(new StorePath(path));
    }
    String figures = site.awaitReport(port + "-figures");
    if (!ready.equals("ok")) {
      throw new AssertionError(ready);
    }
    return figures;
  }

  private static String survive(LabSite site, String port) throws Exception {
    List<Full> ours = new ArrayList<>();
    List<CPeer> theirs = new ArrayList<>();
    String figures = " failed";
    try {
      site.awaitReport(port + "-up");
      for (Role own : Role.values()) {
        ours.add(new Full(site, own, LabVictim.port(port, "java", own.other())));
        CPeer peer = site.startPeer();
        theirs.add(peer);
        begin(site, peer, own, LabVictim.port(port, "c", own.other()));
      }
      for (Full full : ours) {
        full.awaitFull();
      }
      site.report(port + "-ready", "ok");
      site.awaitReport(port + "-killed");
      figures = seeDeath(ours, theirs);
      return figures;
    } finally {
      site.report(port + "-figures", figures);
      for (Full full : ours) {
        full.channel.close();
      }
      for (CPeer peer : theirs) {
        peer.kill();
      }
    }
  }

  private static String seeDeath(List<Full> ours, List<CPeer> theirs) throws Exception {
    long start = System.nanoTime();
    for (Full full : ours) {
      full.seeDeath();
    }
    long ended = System.nanoTime() - start;
    for (CPeer peer : theirs) {
      String answer = peer.answer();
      if (!answer.startsWith("closed ")) {
        throw new AssertionError("C says " + answer);
      }
    }
    if (ended > LabBlocked.MOST.toNanos()) {
      throw new AssertionError("seen after " + ended / 1_000_000 + " ms");
    }
    return " " + ended / 1_000_000 + " ms";
  }

  /** Bytes flow there, are checked, and go on flowing. */
  private static void begin(LabSite site, CPeer peer, Role own, String port) throws Exception {
    String where = site.other() + " " + site.path(own, port);
    if (own == Role.SERVER) {
      peer.ask("listen %s %d %d".formatted(where, LARGEST, LARGEST));
      peer.ask("accept");
    } else {
      peer.ask("connect %s %d".formatted(where, 30_000));
    }
    peer.ask("streams %d %d".formatted(LabVictim.SEED + 1, LabVictim.SEED));
    peer.ask("read %d %d".formatted(READ, LARGEST));
    peer.tell("read %d %d".formatted(LabVictim.ENDLESS, LARGEST));
  }

  /** An end of ours whose ring is full when its peer dies, so that it is known what had come. */
  private static final class Full {

    private final Vchan channel;
    private final JavaEnd bytes;

    Full(LabSite site, Role own, String port) throws IOException {
      channel = LabBlocked.open(site, site.other(), own, port);
      bytes = new JavaEnd(channel, LabVictim.SEED + 1, LabVictim.SEED, LARGEST, LARGEST);
      bytes.read(READ);
    }

    void awaitFull() throws IOException, InterruptedException {
      Deadline deadline = Hub.soon();
      while (channel.dataReady() < channel.incomingCapacity()) {
        if (deadline.remainingNanos() == 0) {
          throw new AssertionError("the ring has only " + channel.dataReady() + " bytes");
        }
        Thread.sleep(10);
      }
    }

    void seeDeath() throws IOException {
      bytes.read(channel.incomingCapacity());
      try {
        bytes.read(1);
      } catch (PeerDiedException e) {
        if (channel.state() != VchanState.PEER_DIED) {
          throw new AssertionError("the state is " + channel.state(), e);
        }
        return;
      }
      throw new AssertionError("there was more than the ring holds");
    }
  }
}
