// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.util.Arrays;

/** Who decides where there is something to decide. */
interface Strategy {

  /**
   * Decides.
   *
   * @param moment number of this moment in the run, which does not depend on what is shared
   * @param free number of choices that cost nothing, the first ones; 0 is to go on
   * @param all number of choices; those that follow interrupt somebody who could go on
   * @return a choice
   */
  int choose(int moment, int free, int all);

  /**
   * One after another, depth first, all runs with at most so many interruptions; or, if {@code
   * inTurn}, with at most so many decisions that differ from what threads that take turns would do.
   */
  final class Exhaustive implements Strategy {

    private final int bound;
    private final boolean inTurn;
    private int[] picks = new int[256];
    private int[] counts = new int[256];
    private int depth;
    private int given;
    private int spent;

    Exhaustive(int bound, boolean inTurn) {
      this.bound = bound;
      this.inTurn = inTurn;
    }

    @Override
    public int choose(int moment, int free, int all) {
      int costless = inTurn ? 1 : free;
      int allowed = spent < bound ? all : costless;
      if (allowed == 1) {
        return 0;
      }
      if (depth == picks.length) {
        picks = Arrays.copyOf(picks, 2 * depth);
        counts = Arrays.copyOf(counts, 2 * depth);
      }
      int pick = depth < given ? picks[depth] : 0;
      picks[depth] = pick;
      counts[depth] = allowed;
      depth++;
      if (pick >= costless) {
        spent++;
      }
      return pick;
    }

    /** Prepares the next run; false if there is none. */
    boolean next() {
      while (depth > 0 && picks[depth - 1] + 1 == counts[depth - 1]) {
        depth--;
      }
      if (depth == 0) {
        return false;
      }
      picks[depth - 1]++;
      restart(depth);
      return true;
    }

    /** Begins with the first run again. */
    void restart() {
      restart(0);
    }

    private void restart(int decided) {
      given = decided;
      depth = 0;
      spent = 0;
    }
  }

  /** At random, by a seed. How often it interrupts differs from run to run. */
  final class Seeded implements Strategy {

    private long state;
    private int rarity;

    void restart(long seed) {
      // So that neighbouring seeds have nothing in common.
      state = seed * 0x9E3779B97F4A7C15L;
      rarity = 1 << (1 + next(6));
    }

    private int next(int bound) {
      state += 0x9E3779B97F4A7C15L;
      long mixed = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
      mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
      return (int) (((mixed ^ (mixed >>> 31)) >>> 33) * bound >>> 31);
    }

    @Override
    public int choose(int moment, int free, int all) {
      if (all > free && next(rarity) == 0) {
        return free + next(all - free);
      }
      return free > 1 ? next(free) : 0;
    }
  }

  /** As it was in an earlier run. */
  record Listed(Picks picks) implements Strategy {

    @Override
    public int choose(int moment, int free, int all) {
      return Math.min(picks.at(moment), all - 1);
    }
  }
}
