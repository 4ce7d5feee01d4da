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
 * @param times for how long
 */
record Plan(List<Question> questions, Set<Rival> rivals, int rounds, Times times) {

  /**
   * For how long things go on.
   *
   * @param streamMillis about how long one stream takes
   * @param tripMillis how long round trips go on at most
   * @param warmUpMillis how long the processes of a contestant in Java run before they are measured
   * @param reopens channels that are opened and closed in one measurement, by each thread
   * @param echoMillis how long many channels are used at once
   * @param idleMillis how long is looked at channels that are not used
   */
  record Times(
      int streamMillis,
      int tripMillis,
      int warmUpMillis,
      int reopens,
      int echoMillis,
      int idleMillis) {

    /** Beside others who have a processor for milliseconds, a few trips take most of the time. */
    int tripMillis(Placement placement) {
      return placement == Placement.LOADED ? 3 * tripMillis : tripMillis;
    }

    /** How many channels are opened, one after the other, before any opening is measured. */
    int warmUpReopens() {
      return warmUpMillis;
    }

    Times withIdleMillis(int millis) {
      return new Times(streamMillis, tripMillis, warmUpMillis, reopens, echoMillis, millis);
    }
  }

  static final int KI = 1 << 10;
  static final int MI = 1 << 20;

  static final List<Integer> RINGS = List.of(4 * KI, 64 * KI, MI);
  static final List<Integer> WRITES = List.of(64, KI, 4 * KI, 64 * KI, MI);
  static final List<Integer> MESSAGES = List.of(1, 64, KI, 4 * KI);

  /** The ring of whatever is not about rings. */
  static final int USUAL_RING = 64 * KI;

  /** Threads that open channels at once. */
  static final int RUSH = 8;

  /** Channels that are open at once. */
  static final int SOME = 100;

  static final int MANY = 1_000;

  // About how long things take that nothing can be done about, for the sum of seconds.
  private static final double BARE_EVENT_MILLIS = 3_000;
  private static final double START_MILLIS = 500;
  private static final double CELL_MILLIS = 25;
  private static final double LOADED_CELL_MILLIS = 100;
  private static final double OPEN_MILLIS = 1.5;
  private static final double FIRST_OPEN_MILLIS = 2.5;
  private static final double SETTLE_MILLIS = 100;
  private static final double REST_MILLIS = 26;
  private static final double EVENT_MILLIS = 300;
  private static final double SYSTEM_CALLS_MILLIS = 400;

  /** Everything: most of half an hour. */
  static Plan full() {
    List<Question> questions = new ArrayList<>();
    for (Placement placement : List.of(Placement.PINNED, Placement.FREE, Placement.SHARED)) {
      streams(questions, placement, RINGS, WRITES);
      for (int size : MESSAGES) {
        questions.add(new Question(Work.TRIP, placement, USUAL_RING, size));
      }
      questions.add(new Question(Work.EVENT, placement, USUAL_RING, 1));
    }
    streams(questions, Placement.LOADED, RINGS, List.of(64, 64 * KI));
    questions.add(new Question(Work.TRIP, Placement.LOADED, USUAL_RING, 64));
    opening(questions);
    questions.add(many(Work.IDLE, MANY));
    questions.add(many(Work.WAITING, MANY));
    questions.add(many(Work.ECHO, SOME));
    questions.add(many(Work.ECHO, MANY));
    for (int size : List.of(64 * KI, MI)) {
      for (int ring : List.of(64 * KI, MI)) {
        questions.add(new Question(Work.TOUCH, Placement.PINNED, ring, size));
      }
    }
    return new Plan(questions, all(), 5, new Times(80, 280, 1_500, 100, 1_000, 2_000));
  }

  /** What fits into two minutes: each question of the full run in a few sizes. */
  static Plan quick() {
    List<Question> questions = new ArrayList<>();
    streams(questions, Placement.PINNED, RINGS, List.of(64, 64 * KI));
    streams(questions, Placement.SHARED, List.of(64 * KI), List.of(64 * KI));
    streams(questions, Placement.LOADED, List.of(64 * KI), List.of(64 * KI));
    for (Placement placement : List.of(Placement.PINNED, Placement.SHARED, Placement.LOADED)) {
      questions.add(new Question(Work.TRIP, placement, USUAL_RING, 64));
    }
    questions.add(new Question(Work.EVENT, Placement.PINNED, USUAL_RING, 1));
    questions.add(new Question(Work.TOUCH, Placement.PINNED, MI, 64 * KI));
    opening(questions);
    questions.add(many(Work.IDLE, SOME));
    questions.add(many(Work.ECHO, SOME));
    Set<Rival> some = EnumSet.complementOf(EnumSet.of(Rival.ZERO_COPY_LIBC));
    return new Plan(questions, some, 3, new Times(10, 30, 150, 10, 100, 100));
  }

  private static void streams(
      List<Question> questions, Placement placement, List<Integer> rings, List<Integer> writes) {
    for (int ring : rings) {
      for (int write : writes) {
        questions.add(new Question(Work.STREAM, placement, ring, write));
      }
    }
  }

  private static void opening(List<Question> questions) {
    questions.add(new Question(Work.CONNECT, Placement.FREE, USUAL_RING, 1));
    questions.add(new Question(Work.RUSH, Placement.FREE, USUAL_RING, RUSH));
  }

  private static Question many(Work work, int channels) {
    return new Question(work, Placement.FREE, 4 * KI, channels);
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
    return new Plan(asked, some, rounds, times);
  }

  /** About how long all of it takes on a machine that has nothing else to do. */
  double seconds() {
    double millis = BARE_EVENT_MILLIS;
    for (Rival rival : rivals) {
      if (rival.program() == Rival.Program.JAVA) {
        millis += START_MILLIS + 1.2 * times.warmUpMillis() * placements(rival);
        millis += rival.does(Work.ECHO) ? times.warmUpMillis() : 0;
        millis += opensMany(rival) ? FIRST_OPEN_MILLIS * times.warmUpReopens() : 0;
      }
      for (Question question : questions) {
        if (rival.does(question.work())) {
          millis += rounds * millis(question) + onceMillis(question);
        }
      }
    }
    return millis / 1_000;
  }

  private long placements(Rival rival) {
    return questions.stream()
        .filter(question -> rival.does(question.work()) && question.work().isTraffic())
        .map(Question::placement)
        .distinct()
        .count();
  }

  private boolean opensMany(Rival rival) {
    return questions.stream()
        .map(Question::work)
        .anyMatch(work -> work.opensMany() && rival.does(work));
  }

  private double millis(Question question) {
    double trips = 1.25 * times.tripMillis(question.placement());
    double open = question.work().isMany() ? OPEN_MILLIS * question.size() : 0;
    double work =
        switch (question.work()) {
          case STREAM ->
              question.placement().hasOneForEach()
                  ? 1.25 * times.streamMillis() + REST_MILLIS
                  : times.streamMillis();
          case TOUCH -> times.streamMillis();
          case TRIP -> trips;
          case CONNECT, RUSH -> OPEN_MILLIS * times.reopens() * question.size();
          case IDLE -> 2 * (trips + SETTLE_MILLIS + times.idleMillis());
          case WAITING ->
              2 * (trips + SETTLE_MILLIS)
                  + times.idleMillis()
                  + Math.max(times.idleMillis(), ManyChannels.WAITING_MILLIS);
          case ECHO -> 1.25 * times.echoMillis();
          case EVENT -> EVENT_MILLIS;
        };
    double cell = question.placement() == Placement.LOADED ? LOADED_CELL_MILLIS : CELL_MILLIS;
    return cell + open + work;
  }

  /** The first time, bytes are compared and counted; at last, system calls of some streams are. */
  private double onceMillis(Question question) {
    return switch (question.work()) {
      case STREAM ->
          5 * times.streamMillis() + (Run.countsSystemCalls(question) ? SYSTEM_CALLS_MILLIS : 0);
      case TOUCH -> 2 * times.streamMillis();
      default -> 0;
    };
  }

  /** Whether some work is among the questions. */
  boolean asks(Work work) {
    return questions.stream().anyMatch(question -> question.work() == work);
  }

  /** The same with another number of rounds. */
  Plan withRounds(int count) {
    return new Plan(questions, rivals, count, times);
  }

  /** The same with another number of channels wherever many are open at once. */
  Plan withChannels(int count) {
    List<Question> changed =
        questions.stream()
            .map(one -> one.work().isMany() ? many(one.work(), count) : one)
            .distinct()
            .toList();
    return new Plan(changed, rivals, rounds, times);
  }

  /** The same with a longer look, or a shorter one, at channels that are not used. */
  Plan withIdleSeconds(int seconds) {
    return new Plan(questions, rivals, rounds, times.withIdleMillis(1_000 * seconds));
  }
}
