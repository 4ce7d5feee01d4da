// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What is asked, how often, and for how long.
 *
 * @param questions each is asked once in every round
 * @param rivals who is asked
 * @param rounds how often
 * @param streamMillis about how long one stream takes
 * @param tripMillis how long round trips go on at most
 * @param warmUpMillis how long the processes of a contestant in Java run before they are measured
 * @param reopens channels that are opened and closed in one measurement
 */
record Plan(
    List<Question> questions,
    Set<Rival> rivals,
    int rounds,
    int streamMillis,
    int tripMillis,
    int warmUpMillis,
    int reopens) {

  static final int KI = 1 << 10;
  static final int MI = 1 << 20;

  static final List<Integer> RINGS = List.of(4 * KI, 64 * KI, MI);
  static final List<Integer> WRITES = List.of(64, KI, 4 * KI, 64 * KI, MI);
  static final List<Integer> MESSAGES = List.of(1, 64, KI, 4 * KI);

  /** The ring of whatever is not about rings. */
  static final int USUAL_RING = 64 * KI;

  /** Idle channels opened beside one that is used. */
  static final int IDLE = 100;

  /** Everything: most of half an hour. */
  static Plan full() {
    List<Question> questions = new ArrayList<>();
    for (Placement placement : Placement.values()) {
      streams(questions, placement, RINGS, WRITES);
      for (int size : MESSAGES) {
        questions.add(new Question(Work.TRIP, placement, USUAL_RING, size));
      }
      questions.add(new Question(Work.EVENT, placement, USUAL_RING, 1));
    }
    rest(questions);
    for (int size : List.of(64 * KI, MI)) {
      for (int ring : List.of(64 * KI, MI)) {
        questions.add(new Question(Work.TOUCH, Placement.PINNED, ring, size));
      }
    }
    return new Plan(questions, all(), 5, 80, 300, 1_500, 100);
  }

  /** What fits into two minutes: each question of the full run in a few sizes. */
  static Plan quick() {
    List<Question> questions = new ArrayList<>();
    streams(questions, Placement.PINNED, RINGS, List.of(64, 4 * KI, 64 * KI));
    streams(questions, Placement.SHARED, List.of(64 * KI), List.of(64, 64 * KI));
    for (Placement placement : List.of(Placement.PINNED, Placement.SHARED)) {
      questions.add(new Question(Work.TRIP, placement, USUAL_RING, 64));
    }
    questions.add(new Question(Work.EVENT, Placement.PINNED, USUAL_RING, 1));
    questions.add(new Question(Work.TOUCH, Placement.PINNED, MI, 64 * KI));
    rest(questions);
    return new Plan(questions, all(), 3, 30, 100, 500, 30);
  }

  private static void streams(
      List<Question> questions, Placement placement, List<Integer> rings, List<Integer> writes) {
    for (int ring : rings) {
      for (int write : writes) {
        questions.add(new Question(Work.STREAM, placement, ring, write));
      }
    }
  }

  private static void rest(List<Question> questions) {
    questions.add(new Question(Work.CONNECT, Placement.FREE, USUAL_RING, 1));
    questions.add(new Question(Work.IDLE, Placement.FREE, 4 * KI, IDLE));
  }

  private static Set<Rival> all() {
    return EnumSet.allOf(Rival.class);
  }

  /** The same for some contestants and some questions only. */
  Plan only(Predicate<Rival> who, Predicate<Question> what) {
    Set<Rival> some = EnumSet.noneOf(Rival.class);
    rivals.stream().filter(who).forEach(some::add);
    List<Question> asked =
        questions.stream()
            .filter(what)
            .filter(question -> some.stream().anyMatch(one -> one.does(question.work())))
            .toList();
    return new Plan(asked, some, rounds, streamMillis, tripMillis, warmUpMillis, reopens);
  }

  /** Whether some work is among the questions. */
  boolean asks(Work work) {
    return questions.stream().anyMatch(question -> question.work() == work);
  }

  /** The same with another number of rounds. */
  Plan withRounds(int count) {
    return new Plan(questions, rivals, count, streamMillis, tripMillis, warmUpMillis, reopens);
  }
}
