// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/**
 * How a call that finds nothing to do passes the time before it asks the peer for an event and goes
 * to sleep. Sleeping and waking costs tens of microseconds; spinning costs a processor, perhaps the
 * one the peer needs.
 */
@FunctionalInterface
public interface WaitPolicy {

  /**
   * Makes the memory of one direction of one channel.
   *
   * @return a spinner that one thread at a time uses
   */
  Spinner newSpinner();

  /**
   * Spins while it pays: up to about 5 microseconds of processor hints where the peer has answered
   * within them before, else a few, then yields, up to about 50 microseconds. A yield that takes
   * long shows that others need the processor; for a while the channels of this process do not
   * yield then, and give hints instead, up to 50 microseconds, 150 where that lasts, since whoever
   * sleeps on a busy machine may wait for a time slice. Fruitless spins make it pause as well. A
   * virtual thread yields to others of its kind, up to 256 times; that does not free the processor.
   * A stream's reader, and its writer, rest for up to two microseconds, 16 on a busy machine,
   * before they look where looks have found only a few bytes each.
   *
   * @return the default policy
   */
  static WaitPolicy adaptive() {
    return () -> new AdaptiveSpinner(Competition.OF_PROCESS);
  }

  /**
   * Never spins: asks and sleeps at once. For tests, and for those who count every cycle.
   *
   * @return a policy without any spinning
   */
  static WaitPolicy sleepAtOnce() {
    return () ->
        new Spinner() {
          @Override
          public void beforeLook() {}

          @Override
          public void found(int bytes, int capacity) {}

          @Override
          public void begin() {}

          @Override
          public boolean pause() {
            return false;
          }

          @Override
          public void succeeded() {}
        };
  }

  /**
   * One direction's spinning. A call that has to look calls {@code beforeLook}, looks, and reports
   * what it has {@code found}. If that does not suffice, it calls {@code begin}, then {@code pause}
   * and looks, again and again, until it finds something, which it reports by {@code succeeded}, or
   * {@code pause} returns false.
   */
  interface Spinner {

    /** A call that may wait is about to look for the first time. */
    void beforeLook();

    /**
     * What the first look found.
     *
     * @param bytes that can be read, or space that can be written to; from 0 to {@code capacity}
     * @param capacity size of the ring in bytes
     */
    void found(int bytes, int capacity);

    /** A wait begins. */
    void begin();

    /**
     * Passes a moment.
     *
     * @return whether to look again; false means to ask and sleep
     */
    boolean pause();

    /** The look after the last pause found what the wait is for. */
    void succeeded();
  }
}
