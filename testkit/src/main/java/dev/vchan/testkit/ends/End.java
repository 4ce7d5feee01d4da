// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.ends;

import dev.vchan.Deadline;
import dev.vchan.Vchan;
import dev.vchan.VchanState;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One end of a channel, driven by a test from outside: the channel may be in this process or in
 * another. Every call runs on a thread of its own at that end; {@link #start} does not wait for it,
 * the others do.
 */
public interface End {

  /**
   * Starts a call on a thread of its own.
   *
   * @param deed the call
   * @param <T> what comes out
   * @return how it goes
   */
  <T extends @Nullable Object> Pending<T> start(Deed<Vchan, T> deed);

  /**
   * Makes a call and waits until it has ended.
   *
   * @param deed the call
   * @param <T> what comes out
   * @return what came out
   * @throws Exception what it threw
   */
  default <T extends @Nullable Object> T call(Deed<Vchan, T> deed) throws Exception {
    return start(deed).get();
  }

  /**
   * Makes a call without an outcome and waits until it has ended.
   *
   * @param deed the call
   * @throws Exception what it threw
   */
  default void run(Deed.Plain<Vchan> deed) throws Exception {
    startRun(deed).get();
  }

  /**
   * Starts a call without an outcome on a thread of its own.
   *
   * @param deed the call
   * @return how it goes
   */
  default Pending<Boolean> startRun(Deed.Plain<Vchan> deed) {
    return start(
        end -> {
          deed.on(end);
          return true;
        });
  }

  /**
   * Starts a call as {@link #start}, and returns when it is asleep: it has asked for an event,
   * looked again, and waits.
   *
   * @param deed a call that will block
   * @param <T> what comes out
   * @return how it goes
   * @throws Exception what the call threw if it ended instead
   */
  default <T extends @Nullable Object> Pending<T> startAndAwaitSleep(Deed<Vchan, T> deed)
      throws Exception {
    long before = sleeps();
    Pending<T> call = start(deed);
    awaitSleepsAbove(before, call);
    return call;
  }

  /**
   * Waits until more sleeps have begun at this end.
   *
   * @param before what {@link #sleeps} returned earlier
   * @param call what goes to sleep
   * @throws Exception if it ends instead, what it threw
   */
  default void awaitSleepsAbove(long before, Pending<?> call) throws Exception {
    long start = System.nanoTime();
    while (sleeps() <= before) {
      if (call.isDone()) {
        throw new AssertionError("ended instead of going to sleep: " + call.get());
      }
      if (System.nanoTime() - start > Pending.PATIENCE.toNanos()) {
        throw new AssertionError("neither ends nor goes to sleep");
      }
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(200));
    }
  }

  /**
   * Reads at least one byte.
   *
   * @param most how many at most
   * @return the bytes; none at the end of the stream
   * @throws Exception what the read threw
   */
  default byte[] read(int most) throws Exception {
    return call(
        end -> {
          byte[] target = new byte[most];
          return Arrays.copyOf(target, Math.max(0, end.read(ByteBuffer.wrap(target))));
        });
  }

  /**
   * Reads what there is now.
   *
   * @param most how many at most
   * @return what {@link Vchan#tryRead} returned
   * @throws Exception what the read threw
   */
  default int tryRead(int most) throws Exception {
    return call(end -> end.tryRead(ByteBuffer.allocate(most)));
  }

  /**
   * Receives a packet.
   *
   * @param bytes its size
   * @return the bytes; none at the end of the stream
   * @throws Exception what the call threw
   */
  default byte[] receive(int bytes) throws Exception {
    return call(
        end -> {
          byte[] target = new byte[bytes];
          int got = end.receive(ByteBuffer.wrap(target), Deadline.NEVER);
          return Arrays.copyOf(target, Math.max(0, got));
        });
  }

  /**
   * Writes all of some bytes.
   *
   * @param bytes the bytes
   * @throws Exception what the write threw
   */
  default void write(byte[] bytes) throws Exception {
    run(end -> end.write(ByteBuffer.wrap(bytes)));
  }

  /**
   * Writes what there is space for now.
   *
   * @param bytes the bytes
   * @return how many of them were written
   * @throws Exception what the write threw
   */
  default int tryWrite(byte[] bytes) throws Exception {
    return call(end -> end.tryWrite(ByteBuffer.wrap(bytes)));
  }

  /**
   * Waits until the peer has read everything.
   *
   * @param timeout how long at most
   * @throws Exception what the call threw
   */
  default void drain(Duration timeout) throws Exception {
    run(end -> end.drain(Deadline.after(timeout)));
  }

  /**
   * {@link Vchan#dataReady}.
   *
   * @return bytes
   * @throws Exception what the call threw
   */
  default int dataReady() throws Exception {
    return call(Vchan::dataReady);
  }

  /**
   * {@link Vchan#bufferSpace}.
   *
   * @return bytes
   * @throws Exception what the call threw
   */
  default int bufferSpace() throws Exception {
    return call(Vchan::bufferSpace);
  }

  /**
   * {@link Vchan#incomingCapacity}.
   *
   * @return bytes
   * @throws Exception what the call threw
   */
  default int incomingCapacity() throws Exception {
    return call(Vchan::incomingCapacity);
  }

  /**
   * {@link Vchan#outgoingCapacity}.
   *
   * @return bytes
   * @throws Exception what the call threw
   */
  default int outgoingCapacity() throws Exception {
    return call(Vchan::outgoingCapacity);
  }

  /**
   * {@link Vchan#state}.
   *
   * @return the state
   * @throws Exception if the end is gone
   */
  default VchanState state() throws Exception {
    return call(Vchan::state);
  }

  /**
   * Events this end has sent since the handshake.
   *
   * @return a count
   * @throws Exception if the end is gone
   */
  default long eventsSent() throws Exception {
    return call(end -> end.counters().eventsSent());
  }

  /**
   * How often calls at this end have gone to sleep.
   *
   * @return a count
   * @throws Exception if the end is gone
   */
  default long sleeps() throws Exception {
    return call(end -> end.counters().sleeps());
  }

  /**
   * Whether the process in which this end was has ended.
   *
   * @return true if no call can be made here any more
   */
  default boolean isLost() {
    return false;
  }

  /** Forgets a closed end: no more calls can be made here. */
  void forget();

  /**
   * Closes the end of the channel, if it is still there.
   *
   * @throws Exception if it cannot be closed
   */
  void close() throws Exception;
}
