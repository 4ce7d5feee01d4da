// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import dev.vchan.testkit.ends.End;
import dev.vchan.testkit.ends.Role;
import dev.vchan.testkit.ends.Setup;
import dev.vchan.testkit.ends.Stage;
import dev.vchan.testkit.ends.Stage.Pair;
import dev.vchan.testkit.ends.Workers;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the contracts have in common: each test has a stage of its own, plays the own side in both
 * roles, and ends by proving that nothing leaked and that no event was missed.
 *
 * <p>A subclass for a backend also has a static method {@code variants} that gives the {@link
 * Variant}s in which to run.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("variants")
@SuppressWarnings("NullAway.Init") // Set by the engine, before every test.
public abstract class ChannelContract {

  private static final boolean FULL = Boolean.getBoolean("vchan.full");

  /** Seed of bytes whose values do not matter, as long as they arrive. */
  private static final long SEED = 42;

  @Parameter Variant variant;
  Stage stage;

  /** For subclasses. */
  protected ChannelContract() {}

  /**
   * Sets up two domains.
   *
   * @param workers on what threads calls are made
   * @return a stage on which nothing has happened
   * @throws Exception if it cannot be set up
   */
  protected abstract Stage newStage(Workers workers) throws Exception;

  @BeforeEach
  void openStage() throws Exception {
    stage = newStage(variant.workers());
  }

  @AfterEach
  void nothingIsLeftAndNoEventWasMissed() throws Exception {
    stage.close();
  }

  /** A channel whose calls go to sleep as soon as they have to wait. */
  final Pair connect(int ringBytes) throws Exception {
    return stage.connect(variant.own(), Setup.rings(ringBytes).asleep());
  }

  final Pair connect(Setup setup) throws Exception {
    return stage.connect(variant.own(), setup);
  }

  /**
   * How often a test that gains by repetition repeats: seldom in every build, as often as the
   * catalogue says, in all variants together, when the system property {@code vchan.full} is true.
   * The number is printed.
   */
  final int count(int ordinary, int full) {
    int count = FULL ? full : ordinary;
    System.out.printf("%s, %s: %,d times%n", getClass().getSimpleName(), variant, count);
    return count;
  }

  /** As {@link #count}, but a tenth of it where each round makes a channel for two processes. */
  final int rounds(int ordinary, int full) {
    int cost = variant.twoProcesses() ? 10 : 1;
    return count(ordinary / cost, full / cost);
  }

  /** Bytes that are unlikely to be anywhere by chance. */
  static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    new Random(SEED + count).nextBytes(bytes);
    return bytes;
  }

  /** Writes as much as the ring holds, which must be empty. */
  static byte[] fill(End writer) throws Exception {
    byte[] full = bytes(writer.outgoingCapacity());
    writer.write(full);
    return full;
  }

  /**
   * How a test runs.
   *
   * @param own role of the own end
   * @param workers on what threads calls are made
   * @param twoProcesses whether the peer is in another process
   */
  public record Variant(Role own, Workers workers, boolean twoProcesses) {

    @Override
    public String toString() {
      return "own side is the "
          + own
          + ", "
          + workers
          + " threads, "
          + (twoProcesses ? "two processes" : "one process");
    }
  }
}
