// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

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

  private final Peer peer;
  private final Partner partner;
  private final Scene scene;
  private final int there;
  private final int back;
  private final Cost before;
  private final List<Step> steps = new ArrayList<>();

  private Script(Scene scene) throws Exception {
    this.peer = scene.peer();
    this.partner = scene.partner();
    this.scene = scene;
    this.there = scene.there();
    this.back = scene.back();
    this.before = scene.counter().soFar();
  }

  /**
   * What is true after a step.
   *
   * @param name what was done
   * @param answer what it returned
   * @param cost events sent so far
   * @param asked what the partner asks for, the bits of its notify byte
   * @param header the first bytes of the page
   */
  record Step(String name, long answer, Cost cost, int asked, List<Byte> header) {

    @Override
    public String toString() {
      return "%-29s answer %5d, events %2d there, %2d back, asks for %02x"
          .formatted(name, answer, cost.sent(), cost.askedFor(), asked);
    }
  }

  /**
   * Where the script is played.
   *
   * @param peer libxenvchan
   * @param partner who meets it
   * @param partnersRole the partner's role
   * @param page what they share
   * @param there capacity of the ring from the partner to the peer
   * @param back capacity of the other one
   * @param counter counts events
   */
  record Scene(
      Peer peer,
      Partner partner,
      Role partnersRole,
      PageView page,
      int there,
      int back,
      Cost.Counter counter) {}

  /** Plays the script. */
  static List<Step> play(Scene scene) throws Exception {
    return new Script(scene).play();
  }

  /**
   * In what our endpoint differs from libxenvchan in its place, as nobody may notice: it answers
   * the same, sends as many events, and asks for no more.
   */
  static List<String> differences(List<Step> ours, List<Step> libxenvchans) {
    List<String> found = new ArrayList<>();
    if (ours.size() != libxenvchans.size()) {
      found.add("%d steps instead of %d".formatted(ours.size(), libxenvchans.size()));
    }
    for (int i = 0; i < Math.min(ours.size(), libxenvchans.size()); i++) {
      Step own = ours.get(i);
      Step other = libxenvchans.get(i);
      if (!own.name().equals(other.name())
          || own.answer() != other.answer()
          || own.cost().sent() != other.cost().sent()
          || own.cost().askedFor() > other.cost().askedFor()
          || (own.asked() & ~other.asked()) != 0) {
        found.add("step %d: %s, libxenvchan: %s".formatted(i, own, other));
      }
    }
    return found;
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
    return asked(scene.page().header());
  }

  private int asked(byte[] header) {
    return PageView.asked(header, scene.partnersRole() == Role.SERVER);
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
    byte[] now = scene.page().header();
    List<Byte> header = new ArrayList<>();
    for (byte each : now) {
      header.add(each);
    }
    steps.add(new Step(name, answer, scene.counter().soFar().minus(before), asked(now), header));
  }
}
