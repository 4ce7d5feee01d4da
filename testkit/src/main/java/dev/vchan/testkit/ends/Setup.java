// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.ends;

import dev.vchan.Deadline;
import dev.vchan.RingSizes;
import dev.vchan.VchanOptions;
import dev.vchan.WaitPolicy;
import java.io.Serializable;
import java.time.Duration;

/**
 * What is asked of a channel, so that it can travel to another process. Ring sizes are as the
 * server asks for them.
 *
 * @param readBytes least capacity of the ring the server reads
 * @param writeBytes least capacity of the ring the server writes
 * @param sleeping calls that have to wait go to sleep at once, which makes their steps predictable
 * @param classic without half-close
 * @param persistent the page outlives its client
 * @param drainTimeout how long closing a stream waits
 * @param patience how long connecting may take
 */
public record Setup(
    int readBytes,
    int writeBytes,
    boolean sleeping,
    boolean classic,
    boolean persistent,
    Duration drainTimeout,
    Duration patience)
    implements Serializable {

  /** Before it counts as hanging. */
  private static final Duration LONG = Duration.ofSeconds(60);

  /**
   * Rings of one size, spinning before sleeping.
   *
   * @param bytes least capacity of both rings
   * @return the setup
   */
  public static Setup rings(int bytes) {
    return rings(bytes, bytes);
  }

  /**
   * Rings of two sizes, spinning before sleeping.
   *
   * @param read least capacity of the ring the server reads
   * @param write least capacity of the ring the server writes
   * @return the setup
   */
  public static Setup rings(int read, int write) {
    return new Setup(read, write, false, false, false, LONG, LONG);
  }

  /**
   * Sleeps at once.
   *
   * @return the changed setup
   */
  public Setup asleep() {
    return new Setup(readBytes, writeBytes, true, classic, persistent, drainTimeout, patience);
  }

  /**
   * Leaves out half-close.
   *
   * @return the changed setup
   */
  public Setup asClassic() {
    return new Setup(readBytes, writeBytes, sleeping, true, persistent, drainTimeout, patience);
  }

  /**
   * Keeps the page from client to client.
   *
   * @return the changed setup
   */
  public Setup asPersistent() {
    return new Setup(readBytes, writeBytes, sleeping, classic, true, drainTimeout, patience);
  }

  /**
   * Lets closing a stream wait for another time.
   *
   * @param timeout how long
   * @return the changed setup
   */
  public Setup draining(Duration timeout) {
    return new Setup(readBytes, writeBytes, sleeping, classic, persistent, timeout, patience);
  }

  /**
   * Lets connecting take another time.
   *
   * @param timeout how long
   * @return the changed setup
   */
  public Setup patient(Duration timeout) {
    return new Setup(readBytes, writeBytes, sleeping, classic, persistent, drainTimeout, timeout);
  }

  /**
   * The same for the endpoint.
   *
   * @return options
   */
  public VchanOptions options() {
    VchanOptions options =
        VchanOptions.DEFAULTS
            .withSizes(new RingSizes(readBytes, writeBytes))
            .withDrainTimeout(drainTimeout)
            // A wait that only the period ends is a lost event: it is to be seen as a hang.
            .withLookPeriod(Duration.ofSeconds(30));
    if (sleeping) {
      options = options.withWaitPolicy(WaitPolicy.sleepAtOnce());
    }
    if (classic) {
      options = options.classic();
    }
    return persistent ? options.persisting() : options;
  }

  /**
   * When connecting gives up.
   *
   * @return a deadline from now
   */
  Deadline deadline() {
    return Deadline.after(patience);
  }
}
