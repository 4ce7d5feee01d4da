// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PeerDiedException;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/** One call of ours that waits for a domain which will not be there any more, and how it ended. */
final class LabBlocked extends Thread {

  static final Duration MOST = Duration.ofSeconds(15);
  static final int CAPACITY = 4096;

  private final Role own;
  private final boolean writes;
  private final Vchan channel;
  private volatile String outcome = "still waits";
  private volatile long endedAt;

  private LabBlocked(Role own, boolean writes, Vchan channel) {
    this.own = own;
    this.writes = writes;
    this.channel = channel;
    setDaemon(true);
    start();
  }

  /**
   * A read and a write in each role, all asleep.
   *
   * @param port what their ports' names begin with
   */
  static List<LabBlocked> all(LabSite site, DomainId peer, String port, Role... roles)
      throws Exception {
    List<LabBlocked> calls = new ArrayList<>();
    for (Role own : roles) {
      for (boolean writes : new boolean[] {false, true}) {
        Vchan channel = open(site, peer, own, port(port, own, writes));
        calls.add(new LabBlocked(own, writes, channel));
      }
    }
    Deadline deadline = Hub.soon();
    for (LabBlocked call : calls) {
      while (!call.isAsleep()) {
        if (deadline.remainingNanos() == 0) {
          throw new AssertionError(call.what() + ": " + call.outcome + ", and does not sleep");
        }
        Thread.sleep(10);
      }
    }
    return calls;
  }

  /** The port of one of the four. */
  static String port(String port, Role survivor, boolean writes) {
    return port + "-" + survivor.ordinal() + (writes ? "w" : "r");
  }

  static Vchan open(LabSite site, DomainId peer, Role own, String port) throws IOException {
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(CAPACITY));
    return own == Role.SERVER
        ? Vchan.listen(site.backend(), peer, LabSite.name(port), options, Hub.soon())
        : Vchan.connect(site.backend(), peer, LabSite.name(port), options, Hub.soon());
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
    } catch (PeerDiedException e) {
      outcome = "";
    } catch (IOException | RuntimeException e) {
      outcome = e.toString();
    }
    endedAt = System.nanoTime();
  }

  private boolean isAsleep() throws IOException {
    boolean stuck = !writes || channel.bufferSpace() == 0;
    return stuck && Watchdog.isAsleep(this);
  }

  String what() {
    return (own == Role.SERVER ? "server" : "client") + "'s " + (writes ? "write" : "read");
  }

  /** Waits for the end of the call; nothing if it is the right one, else what it was. */
  String awaitEnd(Deadline deadline) throws InterruptedException {
    join(Math.max(1, deadline.remainingNanos() / 1_000_000));
    return outcome;
  }

  long millisSince(long start) {
    return (endedAt - start) / 1_000_000;
  }

  void closeChannel() throws IOException {
    channel.close();
  }

  /**
   * Sees all of them end as they must, and closes their channels.
   *
   * @return how long each took
   */
  static String seeEnd(List<LabBlocked> calls, long start) throws Exception {
    Deadline deadline = Deadline.after(MOST);
    StringJoiner figures = new StringJoiner(", ");
    StringJoiner wrong = new StringJoiner("; ").setEmptyValue("");
    for (LabBlocked call : calls) {
      String outcome = call.awaitEnd(deadline);
      figures.add(call.what() + " " + call.millisSince(start));
      if (!outcome.isEmpty()) {
        wrong.add(call.what() + ": " + outcome);
      }
    }
    for (LabBlocked call : calls) {
      call.closeChannel();
    }
    if (wrong.length() > 0) {
      throw new AssertionError(wrong);
    }
    return figures + " ms";
  }
}
