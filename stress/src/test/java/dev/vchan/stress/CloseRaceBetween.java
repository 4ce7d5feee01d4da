// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.DomainId;
import dev.vchan.local.LocalBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One of the two processes of the close race between processes: several {@link RaceLane}s at once,
 * since most of a round is waiting for the other process. Prints two {@link Score}s, of the rounds
 * in which the server wrote and of those in which the client did; each of the two processes adds
 * what it has seen.
 */
final class CloseRaceBetween {

  static final DomainId CLIENT = new DomainId(1);

  /** Even, so that both ways have as many. */
  private static final int LANES = 4;

  private CloseRaceBetween() {}

  /**
   * Runs.
   *
   * @param args own role, {@code server} or {@code client}; directory of the backend; seed; number
   *     of rounds each way
   */
  public static void main(String[] args) throws Exception {
    boolean server = args[0].equals("server");
    long seed = Long.parseLong(args[2]);
    int rounds = Integer.parseInt(args[3]) / (LANES / 2);
    List<Future<Score>> running = new ArrayList<>();
    try (LocalBackend backend =
            LocalBackend.open(Path.of(args[1]), server ? DomainId.DOM0 : CLIENT);
        ExecutorService threads = Executors.newFixedThreadPool(LANES)) {
      for (int i = 0; i < LANES; i++) {
        boolean serverWrites = i % 2 == 0;
        RaceLane lane = new RaceLane(backend, "race-" + i, serverWrites == server, seed + i);
        running.add(threads.submit(() -> server ? lane.serve(rounds) : lane.visit(rounds)));
      }
    }
    System.out.println(sum(running, 0).line());
    System.out.println(sum(running, 1).line());
  }

  private static Score sum(List<Future<Score>> running, int first) throws Exception {
    Score sum = running.get(first).get();
    for (int i = first + 2; i < LANES; i += 2) {
      sum = sum.and(running.get(i).get());
    }
    return sum;
  }
}
