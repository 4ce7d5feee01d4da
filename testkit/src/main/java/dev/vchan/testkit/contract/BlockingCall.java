// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import dev.vchan.Deadline;
import dev.vchan.Vchan;
import dev.vchan.testkit.ends.Deed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Every call that blocks on a channel with nothing to read and no space to write. What must hold
 * for one of them mostly must hold for all.
 */
@SuppressWarnings("ImmutableEnumChecker") // The lambdas capture nothing.
enum BlockingCall {
  READ((end, deadline) -> end.read(ByteBuffer.allocate(10), deadline)),
  RECEIVE((end, deadline) -> end.receive(ByteBuffer.allocate(10), deadline)),
  PEEK((end, deadline) -> end.peek(deadline)),
  AWAIT_READABLE((end, deadline) -> end.awaitReadable(deadline)),
  WRITE((end, deadline) -> end.write(ByteBuffer.allocate(10), deadline)),
  SEND((end, deadline) -> end.send(ByteBuffer.allocate(10), deadline)),
  RESERVE((end, deadline) -> end.reserve(deadline)),
  AWAIT_WRITABLE((end, deadline) -> end.awaitWritable(10, deadline)),
  DRAIN((end, deadline) -> end.drain(deadline)),
  READ_WITHOUT_DEADLINE((end, deadline) -> end.read(ByteBuffer.allocate(10))),
  SCATTER((end, deadline) -> end.read(two())),
  INPUT_STREAM((end, deadline) -> end.inputStream().read()),
  WRITE_WITHOUT_DEADLINE((end, deadline) -> end.write(ByteBuffer.allocate(10))),
  GATHER((end, deadline) -> end.write(two())),
  OUTPUT_STREAM((end, deadline) -> end.outputStream().write(1));

  private final Call call;

  BlockingCall(Call call) {
    this.call = call;
  }

  /** The call, with all the time in the world. */
  Deed.Plain<Vchan> unlimited() {
    return end -> call.on(end, Deadline.NEVER);
  }

  /** The call, as long as the timeout lasts, if it knows deadlines. */
  Deed.Plain<Vchan> limited(Duration timeout) {
    return end -> call.on(end, Deadline.after(timeout));
  }

  boolean takesDeadline() {
    return compareTo(READ_WITHOUT_DEADLINE) < 0;
  }

  /** Whether it waits for something to read, rather than for space. */
  boolean incoming() {
    return switch (this) {
      case READ, RECEIVE, PEEK, AWAIT_READABLE, READ_WITHOUT_DEADLINE, SCATTER, INPUT_STREAM ->
          true;
      case WRITE,
          SEND,
          RESERVE,
          AWAIT_WRITABLE,
          DRAIN,
          WRITE_WITHOUT_DEADLINE,
          GATHER,
          OUTPUT_STREAM ->
          false;
    };
  }

  private static ByteBuffer[] two() {
    return new ByteBuffer[] {ByteBuffer.allocate(5), ByteBuffer.allocate(5)};
  }

  /** A call with a deadline. */
  @FunctionalInterface
  private interface Call {
    void on(Vchan end, Deadline deadline) throws IOException;
  }
}
