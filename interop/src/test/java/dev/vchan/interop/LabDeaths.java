// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vchan.Deadline;
import dev.vchan.PeerDiedException;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What comes last: domU is destroyed while dom0 waits for it in every way. */
final class LabDeaths {

  /** What they are called when only some steps are wanted. */
  static final String NAME = "domU is destroyed";

  /** How many results there are. */
  static final int RESULTS = 6;

  private static final Duration MOST = Duration.ofSeconds(15);
  private static final int CAPACITY = 4096;

  private LabDeaths() {}

  /** One call that waits for domU, and how it ended. */
  private static final class Blocked extends Thread {
    private final String what;
    private final Vchan channel;
    private final boolean writes;
    private volatile String outcome = "still waits";
    private volatile long endedAt;

    Blocked(Role own, boolean writes, Vchan channel) {
      this.what =
          "dom0 as %s waits in a %s when domU is destroyed"
              .formatted(own == Role.SERVER ? "server" : "client", writes ? "write" : "read");
      this.channel = channel;
      this.writes = writes;
      setDaemon(true);
      start();
    }

    @Override
    public void run() {
      try {
        if (writes) {
          channel.write(ByteBuffer.allocate(16 * CAPACITY));
        } else {
          channel.read(ByteBuffer.allocate(1));
        }
        outcome = "ended well";
      } catch (IOException | RuntimeException e) {
        outcome = e.toString();
        if (e instanceof PeerDiedException) {
          outcome = "";
        }
      }
      endedAt = System.nanoTime();
    }

    boolean isAsleep() throws IOException {
      boolean stuck = !writes || channel.bufferSpace() == 0;
      return stuck && (getState() == State.WAITING || getState() == State.TIMED_WAITING);
    }
  }

  private static String port(Role dom0, boolean writes) {
    return "death-" + dom0.ordinal() + (writes ? "w" : "r");
  }

  private static Vchan open(LabSite site, Role own, String port) throws IOException {
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(CAPACITY));
    return own == Role.SERVER
        ? Vchan.listen(site.backend(), site.other(), LabSite.name(port), options, Hub.soon())
        : Vchan.connect(site.backend(), site.other(), LabSite.name(port), options, Hub.soon());
  }

  /** Says what the first run here ended with, and waits to be destroyed. */
  static void playInDomU(LabSite site, String exit) throws Exception {
    site.report("exit", exit.equals("0") ? "ok" : "exit code " + exit);
    List<Vchan> channels = new ArrayList<>();
    for (Role dom0 : Role.values()) {
      for (boolean writes : new boolean[] {false, true}) {
        channels.add(open(site, dom0.other(), port(dom0, writes)));
      }
    }
    Thread.sleep(Duration.ofMinutes(10).toMillis());
    throw new AssertionError("nobody destroyed this domain and its " + channels.size());
  }

  static void playInDom0(LabSite site, int played) throws Exception {
    int number = played + 1;
    String exit = site.awaitReport("exit");
    LabMain.print(
        number++, "the suite in domU ended with 0", exit.equals("ok") ? List.of() : List.of(exit));
    List<Blocked> calls = new ArrayList<>();
    for (Role dom0 : Role.values()) {
      for (boolean writes : new boolean[] {false, true}) {
        calls.add(new Blocked(dom0, writes, open(site, dom0, port(dom0, writes))));
      }
    }
    awaitSleep(calls);
    long start = System.nanoTime();
    run("xl", "destroy", "" + site.domU());
    Deadline deadline = Deadline.after(MOST);
    for (Blocked call : calls) {
      call.join(Math.max(1, deadline.remainingNanos() / 1_000_000));
      String outcome = call.outcome;
      LabMain.print(
          number++,
          call.what + ", and ends " + (call.endedAt - start) / 1_000_000 + " ms later",
          outcome.isEmpty() ? List.of() : List.of(outcome));
    }
    for (Blocked call : calls) {
      call.channel.close();
    }
    LabMain.print(number, "the destroyed domain is gone, its memory given back", reaped());
  }

  private static void awaitSleep(List<Blocked> calls) throws Exception {
    Deadline deadline = Hub.soon();
    for (Blocked call : calls) {
      while (!call.isAsleep()) {
        if (deadline.remainingNanos() == 0) {
          throw new AssertionError(call.what + ": " + call.outcome + ", and does not sleep");
        }
        Thread.sleep(10);
      }
    }
  }

  /** A domain that anybody still maps pages of stays in the list, as "(null)". */
  private static List<String> reaped() throws Exception {
    Deadline deadline = Deadline.after(MOST);
    while (true) {
      List<String> domains = run("xl", "list").lines().skip(1).toList();
      if (domains.size() == 1 && domains.getFirst().startsWith("Domain-0")) {
        return List.of();
      }
      if (deadline.remainingNanos() == 0) {
        return domains;
      }
      Thread.sleep(200);
    }
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    int exit = process.waitFor();
    if (exit != 0) {
      throw new AssertionError(List.of(command) + " ended with " + exit);
    }
    return output;
  }
}
