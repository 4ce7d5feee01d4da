// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.testkit.ChildJvm;
import java.io.IOException;
import java.util.Optional;

/**
 * What a run of the close race found. One line of text carries it from a child process to the test.
 *
 * @param rounds how many were run
 * @param lost bytes that were written and did not arrive
 * @param wrongEnds rounds whose reader met anything but its bytes and then the end of the stream
 * @param millis how long it took
 * @param first what was wrong first; "-" if nothing was
 */
record Score(int rounds, long lost, long wrongEnds, long millis, String first) {

  private static final String MARK = "score";

  String line() {
    return String.join("\t", MARK, "" + rounds, "" + lost, "" + wrongEnds, "" + millis, first);
  }

  static Optional<Score> parse(String line) {
    String[] parts = line.split("\t");
    if (!parts[0].equals(MARK)) {
      return Optional.empty();
    }
    return Optional.of(
        new Score(
            Integer.parseInt(parts[1]),
            Long.parseLong(parts[2]),
            Long.parseLong(parts[3]),
            Long.parseLong(parts[4]),
            parts[5]));
  }

  /** The score a process says before it ends; what it says before that is repeated. */
  static Score of(ChildJvm child) throws IOException {
    for (Optional<String> line = child.line(); line.isPresent(); line = child.line()) {
      Optional<Score> score = parse(line.get());
      if (score.isPresent()) {
        return score.get();
      }
      System.out.println(child + ": " + line.get());
    }
    throw new IOException(child + " ended without a score, see its standard error");
  }

  /** Both sides' findings of the same rounds. */
  Score with(Score other) {
    return sum(Math.max(rounds, other.rounds), other);
  }

  /** The findings of these rounds and of others. */
  Score and(Score other) {
    return sum(rounds + other.rounds, other);
  }

  private Score sum(int all, Score other) {
    return new Score(
        all,
        lost + other.lost,
        wrongEnds + other.wrongEnds,
        Math.max(millis, other.millis),
        first.equals("-") ? other.first : first);
  }

  @Override
  public String toString() {
    return "%d rounds, %d bytes lost, %d wrong ends".formatted(rounds, lost, wrongEnds);
  }
}
