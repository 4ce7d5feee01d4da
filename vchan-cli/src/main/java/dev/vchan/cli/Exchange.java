// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.Counters;
import dev.vchan.Deadline;
import dev.vchan.PeerClosedException;
import dev.vchan.PeerDiedException;
import dev.vchan.ProtocolViolationException;
import dev.vchan.Vchan;
import dev.vchan.VchanState;
import dev.vchan.VchanTimeoutException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One session: what comes from the channel goes to standard output, in the thread that calls; what
 * comes from standard input goes to the channel, in the pump's thread.
 *
 * <p>A session that fails leaves its channel open, for the process to end with: a peer must not
 * take the end of a broken stream for the end of a complete one, which a close would look like.
 */
final class Exchange {

  private static final int BUFFER_BYTES = 256 << 10;

  /** How often a thread that waits for something else looks whether it is time to leave. */
  private static final Duration LOOK = Duration.ofMillis(100);

  /** After how many looks without input a person is told what is being waited for. */
  private static final int PATIENT_LOOKS = 20;

  private final Console console;
  private final WritableByteChannel output;
  private final InputPump pump;
  private final Ending ending;
  private final boolean untilPeerEnds;
  private boolean last;
  private volatile InputPump.@Nullable Session current;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);

  /**
   * Makes an exchange that can run one session after another.
   *
   * @param untilPeerEnds whether the end of the peer's output ends a session although the input has
   *     not ended, once no input is at hand
   */
  Exchange(
      Console console,
      WritableByteChannel output,
      InputPump pump,
      Ending ending,
      boolean untilPeerEnds) {
    this.console = console;
    this.output = output;
    this.pump = pump;
    this.ending = ending;
    this.untilPeerEnds = untilPeerEnds;
  }

  /**
   * Runs one session to its end and closes the channel.
   *
   * @throws CommandFailure if standard output takes no more
   * @throws IOException if the peer died, broke the protocol, or went before it had taken all of
   *     the input that was read; or standard input could not be read
   */
  void run(Vchan channel) throws IOException {
    InputPump.Session input = pump.attach(channel);
    current = input;
    try {
      if (receive(channel, input)) {
        if (last) {
          closeOutput();
        }
        finishInput(channel, input);
      }
    } catch (PeerClosedException | PeerDiedException | ProtocolViolationException e) {
      // Nobody is left to be misled.
      end(channel, input);
      throw e;
    }
    end(channel, input);
  }

  /**
   * As {@link #run}, for the only session: the end of what the peer says ends standard output at
   * once, so that whoever reads it can give the answer that the peer still waits for.
   */
  void runOnly(Vchan channel) throws IOException {
    last = true;
    run(channel);
  }

  private void end(Vchan channel, InputPump.Session input) throws IOException {
    Counters moved = channel.counters();
    channel.close();
    input.leave();
    current = null;
    console.detail("%d bytes in, %d bytes out".formatted(moved.bytesRead(), moved.bytesWritten()));
  }

  /**
   * Whether there is a peer that has been sent a part of the input and not its end. Closing would
   * tell it that this was all.
   */
  boolean isCutShort() {
    InputPump.Session input = current;
    return input != null && !input.isDelivered();
  }

  /**
   * Moves what comes to standard output.
   *
   * @return true when the peer's output has ended, false if it is time to close before that
   */
  private boolean receive(Vchan channel, InputPump.Session input) throws IOException {
    Duration lingering = ending.lingering(channel.supportsHalfClose());
    if (lingering == null) {
      return move(channel, Deadline.NEVER);
    }
    while (!input.awaitEnd(0)) {
      if (move(channel, Deadline.after(LOOK))) {
        return true;
      }
    }
    if (move(channel, Deadline.after(lingering))) {
      return true;
    }
    // What has come by now is delivered; what comes from here on is not waited for.
    for (int left = channel.dataReady(); left > 0; ) {
      left -= channel.read(buffer.clear());
      write(buffer.flip());
    }
    return false;
  }

  /** As {@link #receive}, until the deadline, however much comes. */
  private boolean move(Vchan channel, Deadline deadline) throws IOException {
    try {
      do {
        if (channel.read(buffer.clear(), deadline) < 0) {
          return true;
        }
        write(buffer.flip());
      } while (deadline.remainingNanos() > 0);
    } catch (VchanTimeoutException e) {
      return false;
    }
    return false;
  }

  private void write(ByteBuffer bytes) throws CommandFailure {
    try {
      while (bytes.hasRemaining()) {
        output.write(bytes);
      }
    } catch (IOException e) {
      throw StandardOutput.failure(e);
    }
  }

  private void closeOutput() throws CommandFailure {
    try {
      output.close();
    } catch (IOException e) {
      throw StandardOutput.failure(e);
    }
  }

  /** The peer has said everything: waits until it has been told everything. */
  private void finishInput(Vchan channel, InputPump.Session input) throws IOException {
    for (int looks = 1; !input.awaitEnd(LOOK.toNanos()); looks++) {
      boolean done = untilPeerEnds || channel.state() != VchanState.CONNECTED;
      if (done && input.leaveIfIdle()) {
        break;
      }
      if (looks == PATIENT_LOOKS) {
        console.say(
            "the other side has sent everything; waiting for the end of standard input (Ctrl-D; or"
                + " start with < /dev/null)");
      }
    }
    input.checkFailure();
    channel.drain(Deadline.NEVER);
  }
}
