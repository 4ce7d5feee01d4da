// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.time.Duration;
import java.util.Optional;

/**
 * How a channel is made and behaves. Immutable; start from {@link #DEFAULTS} and change what you
 * need.
 *
 * @param sizes ring sizes a server asks for; empty means the backend's default. A client takes what
 *     the server chose
 * @param waitPolicy how calls wait before they sleep
 * @param lookPeriod longest sleep before a blocked call looks at ring and peer although no event
 *     came, at least 10 seconds: the way to notice a peer whose death nobody reports. A sleep may
 *     be up to a tenth shorter, so that the calls of a process look together
 * @param drainTimeout how long closing a stream waits for the peer to consume what was written
 * @param halfClose whether to offer and use half-close; without it the control page is exactly what
 *     libxenvchan writes
 * @param overlappingGrants whether a client accepts the ring orders (10,20) and (20,10), whose
 *     grant list runs into a ring, as ocaml-vchan servers can publish them
 * @param persistent whether a server keeps its page when a client leaves, so that the next client
 *     continues both byte streams where the last one left them, unread bytes included
 * @param bulkCopy what copies long writes into the ring; empty means the JVM
 */
public record VchanOptions(
    Optional<RingSizes> sizes,
    WaitPolicy waitPolicy,
    Duration lookPeriod,
    Duration drainTimeout,
    boolean halfClose,
    boolean overlappingGrants,
    boolean persistent,
    Optional<BulkCopy> bulkCopy) {

  /** Shortest {@link #lookPeriod}. */
  public static final Duration MIN_LOOK_PERIOD = Duration.ofSeconds(10);

  /** What suits most: sizes by backend, adaptive waiting, half-close, a page for each client. */
  public static final VchanOptions DEFAULTS =
      new VchanOptions(
          Optional.empty(),
          WaitPolicy.adaptive(),
          MIN_LOOK_PERIOD,
          Duration.ofSeconds(10),
          true,
          false,
          false,
          Optional.empty());

  /**
   * Checks the periods.
   *
   * @throws IllegalArgumentException if the look period is under 10 seconds or the drain timeout is
   *     negative
   */
  public VchanOptions {
    if (lookPeriod.compareTo(MIN_LOOK_PERIOD) < 0) {
      throw new IllegalArgumentException(
          "look period " + lookPeriod + " is too short, at least " + MIN_LOOK_PERIOD);
    }
    if (drainTimeout.isNegative()) {
      throw new IllegalArgumentException("drain timeout " + drainTimeout + " is negative");
    }
  }

  /**
   * Changes the ring sizes a server asks for.
   *
   * @param newSizes least capacities
   * @return changed options
   */
  public VchanOptions withSizes(RingSizes newSizes) {
    return new VchanOptions(
        Optional.of(newSizes),
        waitPolicy,
        lookPeriod,
        drainTimeout,
        halfClose,
        overlappingGrants,
        persistent,
        bulkCopy);
  }

  /**
   * Changes the way of waiting.
   *
   * @param newPolicy how calls wait before they sleep
   * @return changed options
   */
  public VchanOptions withWaitPolicy(WaitPolicy newPolicy) {
    return new VchanOptions(
        sizes,
        newPolicy,
        lookPeriod,
        drainTimeout,
        halfClose,
        overlappingGrants,
        persistent,
        bulkCopy);
  }

  /**
   * Changes the look period.
   *
   * @param newPeriod longest sleep without a look, at least 10 seconds
   * @return changed options
   * @throws IllegalArgumentException if the period is under 10 seconds
   */
  public VchanOptions withLookPeriod(Duration newPeriod) {
    return new VchanOptions(
        sizes,
        waitPolicy,
        newPeriod,
        drainTimeout,
        halfClose,
        overlappingGrants,
        persistent,
        bulkCopy);
  }

  /**
   * Changes how long closing a stream may wait.
   *
   * @param newTimeout longest wait for the peer to consume
   * @return changed options
   * @throws IllegalArgumentException if the timeout is negative
   */
  public VchanOptions withDrainTimeout(Duration newTimeout) {
    return new VchanOptions(
        sizes,
        waitPolicy,
        lookPeriod,
        newTimeout,
        halfClose,
        overlappingGrants,
        persistent,
        bulkCopy);
  }

  /**
   * Keeps to the classic page, without half-close.
   *
   * @return changed options
   */
  public VchanOptions classic() {
    return new VchanOptions(
        sizes,
        waitPolicy,
        lookPeriod,
        drainTimeout,
        false,
        overlappingGrants,
        persistent,
        bulkCopy);
  }

  /**
   * Accepts the ring orders (10,20) and (20,10) as a client.
   *
   * @return changed options
   */
  public VchanOptions acceptingOverlappingGrants() {
    return new VchanOptions(
        sizes, waitPolicy, lookPeriod, drainTimeout, halfClose, true, persistent, bulkCopy);
  }

  /**
   * Keeps the page from client to client. A server then has one channel, which is accepted once and
   * serves whoever connects until it is closed.
   *
   * @return changed options
   */
  public VchanOptions persisting() {
    return new VchanOptions(
        sizes, waitPolicy, lookPeriod, drainTimeout, halfClose, overlappingGrants, true, bulkCopy);
  }

  /**
   * Changes what copies long writes into the ring. Whoever calls native code for it takes the
   * faults of memory upon himself: where the file under the pages or under a source is truncated,
   * the JVM may end, and a source cannot be closed while it is copied from.
   *
   * @param newCopy as of {@code dev.vchan.libc}, which says when it is faster, and when safe
   * @return changed options
   */
  public VchanOptions withBulkCopy(BulkCopy newCopy) {
    return new VchanOptions(
        sizes,
        waitPolicy,
        lookPeriod,
        drainTimeout,
        halfClose,
        overlappingGrants,
        persistent,
        Optional.of(newCopy));
  }
}
