// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import dev.vchan.testkit.schedule.Strategy.Exhaustive;
import dev.vchan.testkit.schedule.Strategy.Listed;
import dev.vchan.testkit.schedule.Strategy.Seeded;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Plays a situation again and again, by ever other schedules, until something is wrong. */
final class Explorer {

  private final Scheduler scheduler = Seam.SCHEDULER;
  private final Situation situation;
  private long runs;

  Explorer(Situation situation) {
    this.situation = situation;
    scheduler.visibility().forget();
  }

  /** A run in which something was wrong: what, and what repeats it. */
  record Failure(List<String> wrong, String picks) {}

  /** How often it was played since it was last asked to be played. */
  long runs() {
    return runs;
  }

  /**
   * Everything with at most so many interruptions, or until a moment of the clock; empty if all of
   * it is well.
   */
  Optional<Failure> all(int bound, boolean inTurn, long end) {
    Exhaustive strategy = new Exhaustive(bound, inTurn);
    boolean more = true;
    runs = 0;
    while (more && System.nanoTime() < end) {
      Optional<Failure> failure = play(strategy, null);
      if (failure.isPresent()) {
        return failure;
      }
      if (scheduler.visibility().grew()) {
        runs = 0;
        strategy.restart();
      } else {
        more = strategy.next();
      }
    }
    return Optional.empty();
  }

  /** So many runs at random, or until a moment of the clock. */
  Optional<Failure> random(long seed, long count, long end) {
    Seeded strategy = new Seeded();
    runs = 0;
    for (long i = 0; i < count && System.nanoTime() < end; i++) {
      strategy.restart(seed + i);
      Optional<Failure> failure = play(strategy, null);
      if (failure.isPresent()) {
        return failure;
      }
    }
    return Optional.empty();
  }

  /** One run again; what happens in it. */
  String replay(String picks) {
    Trace trace = new Trace();
    scheduler.visibility().shareAll();
    Optional<Failure> failure = play(new Listed(Picks.parse(picks)), trace);
    scheduler.visibility().forget();
    return trace
        + "\n"
        + failure.map(found -> String.join("\n", found.wrong())).orElse("all is well");
  }

  private Optional<Failure> play(Strategy strategy, @Nullable Trace trace) {
    scheduler.restart(strategy, trace);
    try {
      situation.begin();
    } catch (Exception e) {
      throw new IllegalStateException("cannot begin", e);
    }
    runs++;
    List<String> wrong = new ArrayList<>();
    String failure = scheduler.run();
    if (failure != null) {
      wrong.add(failure);
    }
    wrong.addAll(situation.verdict());
    return wrong.isEmpty()
        ? Optional.empty()
        : Optional.of(new Failure(wrong, scheduler.picks().toString()));
  }
}
