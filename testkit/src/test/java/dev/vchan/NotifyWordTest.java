// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.spi.Memory;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The word at offset 20 under fire: both bits of one byte set by one side and cleared by the other.
 * Every request is answered once, none is lost.
 */
class NotifyWordTest {

  private static final int WORD = 20;
  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

  /** How a side sets or clears bits; what it returns is the word before. */
  private interface Change {
    int apply(MemorySegment page, int clear, int set);
  }

  @Case("T63")
  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  void noRequestIsLostWhenBothSidesChangeTheWord() throws Exception {
    int rounds = Boolean.getBoolean("vchan.full") ? 5_000_000 : 200_000;
    MemorySegment page = newPage();
    ControlPage server = ControlPage.ofServer(page);
    ControlPage client = ControlPage.ofClient(page);
    List<Pending<Integer>> taking = new ArrayList<>();
    List<Pending<Integer>> asking = new ArrayList<>();
    for (int request : new int[] {ControlPage.WRITE, ControlPage.READ}) {
      // The server's requests stand in the third byte, which the client clears.
      int bit = request << 16;
      asking.add(Workers.PLATFORM.start(() -> ask(page, bit, rounds, () -> server.ask(request))));
      taking.add(Workers.PLATFORM.start(() -> take(rounds, () -> client.takeRequest(request))));
    }
    for (int i = 0; i < 2; i++) {
      assertThat(asking.get(i).get()).isEqualTo(rounds);
      assertThat(taking.get(i).get()).isEqualTo(rounds);
    }
    assertThat(word(page)).isZero();
    System.out.printf("NotifyWordTest: %,d requests of each kind, all answered%n", rounds);
  }

  /** The same race with a load and a store in place of the atomic update does lose requests. */
  @Test
  void theRaceFindsLossesWhereTheUpdateIsNotAtomic() throws Exception {
    MemorySegment page = newPage();
    Change plain =
        (memory, clear, set) -> {
          int before = word(memory);
          INT.setVolatile(memory, (long) WORD, (before & ~clear) | set);
          return before;
        };
    // Each side sets and clears a bit of its own, and must find it as it left it.
    AtomicInteger lost = new AtomicInteger();
    Pending<Integer> one = Workers.PLATFORM.start(() -> flip(page, 1, plain, lost));
    Pending<Integer> two = Workers.PLATFORM.start(() -> flip(page, 2, plain, lost));
    int rounds = one.get() + two.get();
    System.out.printf("NotifyWordTest: a loss within %,d updates that are not atomic%n", rounds);
    assertThat(lost.get()).isPositive();
  }

  /** Goes on until somebody has lost an update, which on a busy machine may take a while. */
  private static int flip(MemorySegment page, int bit, Change change, AtomicInteger lost) {
    int rounds = 0;
    while (lost.get() == 0 && rounds < 1_000_000_000) {
      change.apply(page, 0, bit);
      if ((change.apply(page, bit, 0) & bit) == 0) {
        lost.incrementAndGet();
      }
      rounds++;
    }
    return rounds;
  }

  private static MemorySegment newPage() {
    return Arena.ofAuto().allocate(Memory.PAGE_SIZE, Memory.PAGE_SIZE);
  }

  private static int word(MemorySegment page) {
    return (int) INT.getVolatile(page, (long) WORD);
  }

  private interface Step {
    void take() throws ProtocolViolationException;
  }

  private interface Question {
    boolean ask() throws ProtocolViolationException;
  }

  /** Asks again whenever the request was taken. */
  private static int ask(MemorySegment page, int bit, int rounds, Step ask)
      throws ProtocolViolationException {
    int asked = 0;
    while (asked < rounds) {
      if ((word(page) & bit) == 0) {
        ask.take();
        asked++;
      } else {
        Thread.yield();
      }
    }
    return asked;
  }

  private static int take(int rounds, Question taken) throws ProtocolViolationException {
    int count = 0;
    while (count < rounds) {
      if (taken.ask()) {
        count++;
      } else {
        Thread.yield();
      }
    }
    return count;
  }
}
