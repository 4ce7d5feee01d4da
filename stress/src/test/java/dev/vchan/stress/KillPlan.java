// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.stress.VictimRecord.Phase;
import java.util.SplittableRandom;

/**
 * One round of killing. Both processes work it out from the seed and the number of the round.
 *
 * @param deed what the victim does until it is killed
 * @param lazyReader whether the survivor reads nothing before the victim is dead
 * @param survivorWrites whether the survivor writes to the victim all the while
 * @param ringSize least capacity of both rings
 * @param killAfterNanos when the victim is killed, after it has reached {@link Deed#target}
 */
record KillPlan(
    Deed deed, boolean lazyReader, boolean survivorWrites, int ringSize, long killAfterNanos) {

  /** What a victim does. */
  enum Deed {
    /** Nothing, on a connected channel. */
    IDLE(Phase.IDLE, 5_000_000),
    /** Writes without end. */
    WRITE(Phase.WRITING, 20_000_000),
    /** Reads without end. */
    READ(Phase.READING, 10_000_000),
    /** Connects, writes a little, closes; again and again. */
    COME_AND_GO(Phase.CONNECTING, 150_000_000),
    /** Once each of that, and not killed. */
    BEHAVE(Phase.CONNECTING, 1);

    /** Where it first has to be. */
    final Phase target;

    private final int longestNanos;

    Deed(Phase target, int longestNanos) {
      this.target = target;
      this.longestNanos = longestNanos;
    }
  }

  private static final int[] SIZES = {1, 4096, 65536};
  private static final int LONGEST_VISIT = 3000;

  /** The plan of a round. Half the victims come and go: that is where most steps are. */
  static KillPlan of(long seed, int round) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + round);
    Deed deed =
        switch (random.nextInt(8)) {
          case 0 -> Deed.IDLE;
          case 1, 2 -> Deed.WRITE;
          case 3 -> Deed.READ;
          default -> Deed.COME_AND_GO;
        };
    return of(deed, random);
  }

  /** The plan of the round after the last, in which nobody is killed. */
  static KillPlan last() {
    return of(Deed.BEHAVE, new SplittableRandom(0));
  }

  private static KillPlan of(Deed deed, SplittableRandom random) {
    boolean visits = deed == Deed.COME_AND_GO || deed == Deed.BEHAVE;
    return new KillPlan(
        deed,
        !visits && random.nextBoolean(),
        random.nextInt(3) == 0,
        SIZES[random.nextInt(SIZES.length)],
        random.nextInt(deed.longestNanos));
  }

  /** Bytes a victim that comes and goes writes to a channel after the head, 0 to some thousands. */
  static int visit(int round, int channel) {
    return new SplittableRandom(31L * round + channel).nextInt(LONGEST_VISIT);
  }

  /** Seed of the stream that follows the head. */
  static long stream(int round, int channel) {
    return 1_000_003L * round + channel;
  }
}
