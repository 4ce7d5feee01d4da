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
   * Spins while it pays: a few processor hints, then yields, up to about 50 microseconds on a
   * platform thread. A yield that takes long shows that others need the processor; spinning is then
   * given up and not tried again for a while. Fruitless spins make it pause as well. A virtual
   * thread spins for a few microseconds at most, since its yield does not free the processor.
   *
   * @return the default policy
   */
  static WaitPolicy adaptive() {
    return AdaptiveSpinner::new;
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
   * One direction's spinning. A wait calls {@code begin}, then {@code pause} and looks, again and
   * again, until it finds something, which it reports by {@code succeeded}, or {@code pause}
   * returns false.
   */
  interface Spinner {

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
