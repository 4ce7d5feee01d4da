// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.stress.Survivor.Delivery;
import dev.vchan.stress.VictimRecord.Phase;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Compares what arrived with what the victims said and what the pages say. Used by one thread. */
final class Verdict {

  private final long seed;
  private final Map<String, Delivery> deliveries = new HashMap<>();
  private final Map<Phase, Integer> kills = new EnumMap<>(Phase.class);
  private final Map<String, Integer> ends = new HashMap<>();
  private long lost;
  private long wrong;
  private long channels;
  private String first = "-";

  Verdict(long seed, List<Delivery> all) {
    this.seed = seed;
    for (Delivery delivery : all) {
      if (delivery.round() >= 0) {
        deliveries.put(key(delivery.round(), delivery.channel()), delivery);
      }
      checkEnd(delivery);
    }
  }

  private static String key(int round, int channel) {
    return round + "/" + channel;
  }

  /** Whatever victim it was: it ended as it may, and all that the page says is here. */
  private void checkEnd(Delivery delivery) {
    channels++;
    boolean typed = delivery.end().equals("died") || delivery.end().equals("closed");
    ends.merge(typed ? delivery.end() : "other", 1, Integer::sum);
    if (!typed) {
      wrong("", delivery);
    }
    if (delivery.lost() != 0) {
      lost += delivery.lost();
      note("not all that was published: ", delivery);
    }
  }

  void judge(int round, VictimRecord record) {
    int last = record.channel();
    for (int channel = 1; channel < last; channel++) {
      long whole = KillVictim.HEAD + KillPlan.visit(round, channel);
      Delivery delivery = compare(round, channel, whole, whole);
      if (delivery != null && !delivery.end().equals("closed")) {
        wrong("closed in good order, but ", delivery);
      }
    }
    Delivery delivery =
        last == 0 ? null : compare(round, last, record.returnedBytes(), record.intended());
    boolean inTheMidst =
        switch (record.phase()) {
          case IDLE, WRITING, READING -> true;
          default -> false;
        };
    if (inTheMidst && delivery != null && delivery.end().equals("closed")) {
      wrong("a death that looked like a close: ", delivery);
    }
    kills.merge(phase(round, record, delivery), 1, Integer::sum);
  }

  private Delivery compare(int round, int channel, long atLeast, long atMost) {
    Delivery delivery = deliveries.get(key(round, channel));
    long arrived = delivery == null ? 0 : delivery.bytes();
    if (arrived < atLeast) {
      lost += atLeast - arrived;
      note("channel " + key(round, channel) + ", " + atLeast + " bytes written: ", delivery);
    }
    if (arrived > atMost) {
      wrong("more than the " + atMost + " bytes written: ", delivery);
    }
    return delivery;
  }

  private Phase phase(int round, VictimRecord record, Delivery delivery) {
    Phase said = record.phase();
    if (said == Phase.WRITING && delivery != null && delivery.full()) {
      return Phase.WRITING_FULL;
    }
    if (said == Phase.READING && KillPlan.of(seed, round).survivorWrites()) {
      return Phase.READING_BUSY;
    }
    return said;
  }

  private void wrong(String what, Delivery delivery) {
    wrong++;
    note(what, delivery);
  }

  private void note(String what, Delivery delivery) {
    if (first.equals("-")) {
      first = (what + delivery).replaceAll("\\s+", " ");
    }
  }

  List<String> table() {
    List<String> lines = new ArrayList<>();
    for (Phase phase : Phase.values()) {
      lines.add("%8d killed while %s".formatted(kills.getOrDefault(phase, 0), phase.title));
    }
    lines.add("%8d channels in all; how they ended: %s".formatted(channels, ends));
    return lines;
  }

  Score score(int rounds, long millis) {
    return new Score(rounds, lost, wrong, millis, first);
  }
}
