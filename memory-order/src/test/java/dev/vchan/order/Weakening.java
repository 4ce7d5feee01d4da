// SPDX-License-Identifier: Apache-2.0
package dev.vchan.order;

import dev.vchan.testkit.SourceChange;
import java.util.List;

/**
 * The rows of the table of memory order, each with the production code made weaker at that place:
 * its tests must then show what is forbidden, or it is said why they cannot on x86-64.
 */
enum Weakening {
  M1(
      "load of the peer's cons, then stores into the space",
      "BytesBeforeSpace",
      "with a plain load",
      in(
          "ControlPage",
          """
              return SharedAccess.intAcquire(page, outgoingConsumer);
          """,
          """
              return page.get(java.lang.foreign.ValueLayout.JAVA_INT, outgoingConsumer);
          """),
      Why.KEPT),

  M2(
      "stores of bytes, then store of own prod",
      "BytesBeforeIndex",
      "with a plain store",
      in(
          "ControlPage",
          """
              SharedAccess.setIntRelease(page, outgoingProducer, index);
          """,
          """
              SharedAccess.setIntPlain(page, outgoingProducer, index);
          """),
      Why.KEPT),

  M3(
      "store of own prod, then load of the answer byte",
      "AskOrAnswer.ReaderAsks",
      "without the fence",
      in(
          "ControlPage",
          """
              SharedAccess.fullFence();
              return take(request);
          """,
          """
              return take(request);
          """)),

  M4(
      "load of the peer's prod, then loads of bytes",
      "BytesBeforeIndex",
      "with a plain load",
      in(
          "ControlPage",
          """
              return SharedAccess.intAcquire(page, incomingProducer);
          """,
          """
              return page.get(java.lang.foreign.ValueLayout.JAVA_INT, incomingProducer);
          """),
      Why.KEPT),

  M5(
      "loads of bytes, then store of own cons",
      "BytesBeforeSpace",
      "with a plain store",
      in(
          "ControlPage",
          """
              SharedAccess.setIntRelease(page, incomingConsumer, index);
          """,
          """
              SharedAccess.setIntPlain(page, incomingConsumer, index);
          """),
      Why.KEPT),

  M6(
      "store of own cons, then load of the answer byte",
      "AskOrAnswer.WriterAsks",
      "without the fence",
      M3.change),

  M7(
      "store of own ask bit, then load of the peer's index",
      "AskOrAnswer",
      "without the fence",
      in(
          "ControlPage",
          """
              // index and sleeps.
              SharedAccess.fullFence();
          """,
          ""),
      Why.LOCKED),

  M7_TOGETHER(
      "the same",
      "AskOrAnswer",
      "with a plain update in place of both",
      in(
          "ControlPage",
          """
                change(0, bit);
              }
          """,
          """
                SharedAccess.setIntRelease(page, WORD, word | bit);
                return true;
              }
          """)),

  M8(
      "store of own last index, then own live byte",
      "BytesBeforeEnd",
      "without the release",
      in(
          "SharedAccess",
          """
              VarHandle.releaseFence();
          """,
          ""),
      Why.KEPT),

  M9(
      "own live byte, then the event",
      "PageBeforeWord.Event",
      "without the fence",
      in(
          "ControlPage",
          """
                SharedAccess.fullFence();
                MemoryFaults.surface();
          """,
          """
                MemoryFaults.surface();
          """),
      Why.KEPT),

  M10(
      "load of the peer's live byte, then final load of prod",
      "BytesBeforeEnd.Gone, BytesBeforeEnd.GoneAtOnce",
      "with a plain load",
      in(
          "ControlPage",
          """
              byte live = SharedAccess.byteAcquire(page, peerLive);
          """,
          """
              byte live = page.get(java.lang.foreign.ValueLayout.JAVA_BYTE, peerLive);
          """),
      Why.KEPT),

  M10_END(
      "load of the peer's END bit, then final load of prod",
      "BytesBeforeEnd.Announced",
      "with a plain load",
      in(
          "ControlPage",
          """
              // Acquire: the producer index read after this one is the final one.
              int word = SharedAccess.intAcquire(page, WORD);
          """,
          """
              int word = page.get(java.lang.foreign.ValueLayout.JAVA_INT, WORD);
          """),
      Why.KEPT),

  M11(
      "stores into the page, then publication",
      "PageBeforeWord.Advertisement",
      "without the fence",
      in(
          "ControlPage",
          """
              // Full fence: the page before its advertisement.
              SharedAccess.fullFence();
          """,
          ""),
      Why.KEPT),

  M12(
      "one load of orders and grants, then their use",
      "OrdersReadOnce",
      "with a second load",
      in(
          "Handshake",
          """
                RingLayout layout = header.layout();
          """,
          """
                RingLayout layout = page.header().layout();
          """)),

  ENTRY(
      "store of own request, then own live byte",
      "RequestBeforeLive",
      "the other way round",
      in(
          "ControlPage",
          """
              change(0xFF << SERVER_NOTIFY_SHIFT, (WRITE | extensions) << SERVER_NOTIFY_SHIFT);
              SharedAccess.fullFence();
              // Release, after the fence: see above.
              SharedAccess.setByteRelease(page, CLIENT_LIVE, (byte) LIVE);
          """,
          """
              SharedAccess.setByteRelease(page, CLIENT_LIVE, (byte) LIVE);
              SharedAccess.fullFence();
              change(0xFF << SERVER_NOTIFY_SHIFT, (WRITE | extensions) << SERVER_NOTIFY_SHIFT);
          """)),

  FAVOUR(
      "store of a favourite that enters, then load of its dismissal",
      "EnterOrDismiss",
      "without the barrier of all threads",
      in(
          "Favourite",
          """
                allThreadsPassABarrier();
          """,
          "")),

  FAREWELL(
      "store of a favourite that leaves, then load of who waits for that",
      "LeaveOrWait",
      "without the fence",
      in(
          "Favourite",
          """
                VarHandle.fullFence();
          """,
          "")),

  BARRIER(
      "store of own ask bit, then the peer's load of it after its store of an index",
      "AskWithBarrier",
      "without the barrier of all processes",
      new SourceChange(
          "vchan-libc/src/main/java/dev/vchan/libc/Membarrier.java",
          """
              if (call(GLOBAL_EXPEDITED) != 0 && call(GLOBAL) != 0) {
          """,
          """
              if (number < 0) {
          """));

  final String order;
  final String weaker;
  final SourceChange change;

  /** Why the weaker code cannot show what is forbidden on x86-64; empty if it must. */
  final String whyNot;

  private final List<String> tests;

  Weakening(String order, String tests, String weaker, SourceChange change) {
    this(order, tests, weaker, change, "");
  }

  Weakening(String order, String tests, String weaker, SourceChange change, String whyNot) {
    this.order = order;
    this.tests = List.of(tests.split(", "));
    this.weaker = weaker;
    this.change = change;
    this.whyNot = whyNot;
  }

  /** Whether a test exercises this row. */
  boolean concerns(String test) {
    return tests.stream().anyMatch(name -> test.equals(name) || test.startsWith(name + "."));
  }

  private static SourceChange in(String file, String snippet, String replacement) {
    String source = "vchan-core/src/main/java/dev/vchan/%s.java".formatted(file);
    return new SourceChange(source, snippet, replacement);
  }

  private static final class Why {
    static final String KEPT = "the processor keeps this order, and C2 is not seen to break it";
    static final String LOCKED = "the compare-and-set before it is a full fence there";
  }
}
