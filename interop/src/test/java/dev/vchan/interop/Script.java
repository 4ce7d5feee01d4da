// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.RendezvousPath;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.ends.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * A fixed sequence of calls at both ends of a channel, each made when the one before has done all
 * it will do, so that everything about them can be foreseen: what is returned, who sends an event,
 * who has asked for one. The peer is libxenvchan; its partner is our endpoint or libxenvchan.
 */
final class Script {

  /** Bits of a notify byte. */
  private static final int WRITE = 1;

  private static final int READ = 2;

  private final CPeer peer;
  private final Partner partner;
  private final Role partnersRole;
  private final PageView page;
  private final int there;
  private final int back;
  private final long peersEventsBefore;
  private final long partnersEventsBefore;
  private final List<Step> steps = new ArrayList<>();

  /** Capacities: there is the ring from the partner to the peer, back the other one. */
  private Script(CPeer peer, Partner partner, Role partnersRole, PageView page, int there, int back)
      throws Exception {
    this.peer = peer;
    this.partner = partner;
    this.partnersRole = partnersRole;
    this.page = page;
    this.there = there;
    this.back = back;
    this.peersEventsBefore = peer.eventsSent();
    this.partnersEventsBefore = partner.eventsSent();
  }

  /**
   * What is true after a step.
   *
   * @param name what was done
   * @param answer what it returned
   * @param partnersEvents events sent by the partner so far
   * @param peersEvents events sent by the peer so far, which the partner had asked for
   * @param asked what the partner asks for, the bits of its notify byte
   * @param header the first bytes of the page
   */
  record Step(
      String name,
      long answer,
      long partnersEvents,
      long peersEvents,
      int asked,
      List<Byte> header) {

    @Override
    public String toString() {
      return "%-29s answer %5d, events %2d there, %2d back, asks for %02x"
          .formatted(name, answer, partnersEvents, peersEvents, asked);
    }
  }

  /** Plays the script with our endpoint as the partner. */
  static List<Step> withOurs(Role role, VchanOptions options) throws Exception {
    try (Hub hub = new Hub();
        LocalBackend backend = hub.open();
        CPeer peer = hub.startPeer()) {
      if (role == Role.CLIENT) {
        RendezvousPath path = Hub.path(Hub.C, Hub.MEETING);
        peer.ask("listen %s %s 1 1".formatted(Hub.JAVA, path));
        PageView page = PageView.of(hub, Hub.C);
        try (Vchan channel = Vchan.connect(backend, Hub.C, path, options, Hub.soon())) {
          peer.ask("accept");
          return play(peer, channel, role, page);
        }
      }
      RendezvousPath path = Hub.path(Hub.JAVA, Hub.MEETING);
      try (VchanListener listener = VchanListener.open(backend, Hub.C, path, options)) {
        PageView page = PageView.of(hub, Hub.JAVA);
        peer.ask("connect %s %s 1".formatted(Hub.JAVA, path));
        try (Vchan channel = listener.accept(Hub.soon())) {
          return play(peer, channel, role, page);
        }
      }
    }
  }

  private static List<Step> play(CPeer peer, Vchan channel, Role role, PageView page)
      throws Exception {
    return new Script(
            peer,
            new Partner.Ours(channel),
            role,
            page,
            channel.outgoingCapacity(),
            channel.incomingCapacity())
        .play();
  }

  /** Plays the script with libxenvchan as the partner. */
  static List<Step> withLibxenvchan(Role role) throws Exception {
    try (Hub hub = new Hub();
        CPeer peer = hub.startPeer();
        CPeer partner = CPeer.start(hub.root(), Hub.JAVA.value())) {
      boolean serves = role == Role.SERVER;
      RendezvousPath path = Hub.path(serves ? Hub.JAVA : Hub.C, Hub.MEETING);
      CPeer server = serves ? partner : peer;
      CPeer client = serves ? peer : partner;
      server.ask("listen %s %s 1 1".formatted(serves ? Hub.C : Hub.JAVA, path));
      PageView page = PageView.of(hub, serves ? Hub.JAVA : Hub.C);
      long[] rings = client.ask("connect %s %s 1".formatted(serves ? Hub.JAVA : Hub.C, path));
      server.ask("accept");
      int there = (int) (serves ? rings[0] : rings[1]);
      int back = (int) (serves ? rings[1] : rings[0]);
      Partner libxenvchan = new Partner.Libxenvchan(partner);
      return new Script(peer, libxenvchan, role, page, there, back).play();
    }
  }

  private List<Step> play() throws Exception {
    talkInSmallPieces();
    fillTheRingThere();
    fillTheRingBack();
    waitForEachOther();
    return steps;
  }

  /** Reads that take all there is, more than that, and less; writes asked for and not. */
  private void talkInSmallPieces() throws Exception {
    for (int round = 0; round < 3; round++) {
      partnerWrites(100);
      partnerWrites(100);
      peerReads(200);
      partnerWrites(10);
      peerReads(100);
      partnerWrites(10);
      partnerWrites(10);
      peerReads(5);
      peerReads(15);
      peerReads(10);
      partnerWrites(10);
      peerReads(10);

      peerWrites(100);
      peerWrites(100);
      partnerReads(200);
      peerWrites(10);
      partnerReads(100);
      peerWrites(10);
      peerWrites(10);
      partnerReads(5);
      partnerReads(15);
      partnerReads(10);
      peerWrites(10);
      partnerReads(10);
    }
  }

  private void fillTheRingThere() throws Exception {
    for (int round = 0; round < 3; round++) {
      partnerWrites(there);
      partnerWrites(1);
      peerReads(1);
      partnerWrites(1);
      peerReads(there);
      partnerWrites(there + 100);
      peerReads(there / 2);
      peerReads(there / 2);
      peerReads(1);
    }
  }

  private void fillTheRingBack() throws Exception {
    for (int round = 0; round < 3; round++) {
      peerWrites(back);
      peerWrites(1);
      partnerReads(1);
      peerWrites(1);
      partnerReads(back);
      peerWrites(back + 100);
      partnerReads(back / 2);
      partnerReads(back / 2);
      partnerReads(1);
    }
  }

  /** The partner sleeps until the peer does something. */
  private void waitForEachOther() throws Exception {
    for (int round = 0; round < 3; round++) {
      Callable<Long> reading = partner.startRead(50);
      awaitAsked(WRITE);
      long written = peer.ask("try-write 50")[0];
      // Only now has everything happened that will.
      add("partner waits, peer writes 50", reading.call() + written);
      partnerWrites(there);
      Callable<Long> writing = partner.startWrite(there);
      awaitAsked(READ);
      long read = peer.ask("try-read " + there)[0];
      add("partner waits, peer reads " + there, writing.call() + read);
      peerReads(there);
    }
  }

  private void awaitAsked(int bit) {
    Watchdog.until("asked for " + bit, () -> (asked() & bit) != 0);
  }

  private int asked() {
    return page.asked(partnersRole == Role.SERVER);
  }

  private void partnerWrites(int bytes) throws Exception {
    add("partner writes " + bytes, partner.tryWrite(bytes));
  }

  private void partnerReads(int bytes) throws Exception {
    add("partner reads " + bytes, partner.tryRead(bytes));
  }

  private void peerWrites(int bytes) throws Exception {
    add("peer writes " + bytes, peer.ask("try-write " + bytes)[0]);
  }

  private void peerReads(int bytes) throws Exception {
    add("peer reads " + bytes, peer.ask("try-read " + bytes)[0]);
  }

  private void add(String name, long answer) throws Exception {
    List<Byte> header = new ArrayList<>();
    for (byte each : page.header()) {
      header.add(each);
    }
    long partnersEvents = partner.eventsSent() - partnersEventsBefore;
    long peersEvents = peer.eventsSent() - peersEventsBefore;
    steps.add(new Step(name, answer, partnersEvents, peersEvents, asked(), header));
  }
}
