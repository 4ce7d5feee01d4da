// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.Deadline;
import dev.vchan.Vchan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** What a channel is in the middle of when another thread closes it, and what may come of that. */
enum ClosePhase {
  ACCEPT("a server's wait for a client", false, false),
  CONNECT("a client's wait for a server, interrupted", false, false),
  READ("a read of nothing", true, false, ClosePhase::readAll),
  WRITE("a write to a full ring", false, false, ClosePhase::writeAll),
  COPY("reads and writes at full speed", true, true, ClosePhase::readAll, ClosePhase::writeAll),
  PEEK("an open peek", false, true, ClosePhase::peek),
  RESERVE("an open reservation", false, false, ClosePhase::reserve),
  DRAIN("a drain", false, false, ClosePhase::drain),
  SHUT_OUTPUT(
      "a shutdown of the output", false, false, ClosePhase::writeAll, ClosePhase::shutOutput),
  SHUT_INPUT("a shutdown of the input", false, true, ClosePhase::readAll, ClosePhase::shutInput);

  final String title;

  /** Whether the peer reads before the channel is closed, too. */
  final boolean peerReads;

  /** Whether the peer writes until it cannot any more. */
  final boolean peerWrites;

  /** What is under way when the channel is closed. */
  final List<Call> calls;

  ClosePhase(String title, boolean peerReads, boolean peerWrites, Call... calls) {
    this.title = title;
    this.peerReads = peerReads;
    this.peerWrites = peerWrites;
    this.calls = List.of(calls);
  }

  /** Goes on until the channel is closed. */
  interface Call {

    /** The end of it, if not by an exception: {@code returned}. */
    String on(Vchan channel) throws IOException;
  }

  private static final String RETURNED = "returned";

  /** From byte to byte of a view: every page is met, and more. */
  private static final int STRIDE = 61;

  /** The end of a stream that was shut here, or an exception. */
  private static String readAll(Vchan channel) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    while (channel.read(buffer.clear()) >= 0) {
      // Nobody looks at it.
    }
    return RETURNED;
  }

  private static String writeAll(Vchan channel) throws IOException {
    ByteBuffer buffer = CloseRounds.payload();
    for (; ; ) {
      channel.write(buffer.clear());
    }
  }

  private static String peek(Vchan channel) throws IOException {
    ByteBuffer view = channel.peek(Deadline.NEVER);
    use(channel, view.asReadOnlyBuffer());
    channel.consume(1);
    return "consumed";
  }

  private static String reserve(Vchan channel) throws IOException {
    ByteBuffer view = channel.reserve(Deadline.NEVER);
    use(channel, view);
    channel.commit(1);
    return "committed";
  }

  /** As somebody who does not know yet that the channel is closed. */
  private static void use(Vchan channel, ByteBuffer view) {
    try {
      boolean open;
      do {
        // Before the bytes, so that all of them are met once more after the close was seen.
        open = channel.isOpen();
        for (int i = 0; i < view.limit(); i += STRIDE) {
          if (view.isReadOnly()) {
            view.get(i);
          } else {
            view.put(i, (byte) 0);
          }
        }
      } while (open);
    } catch (IllegalStateException e) {
      // The pages are not there any more. Where they are, the view keeps them.
      return;
    }
  }

  private static String drain(Vchan channel) throws IOException {
    channel.write(CloseRounds.payload().limit(1));
    channel.drain(Deadline.NEVER);
    return "drained";
  }

  private static String shutOutput(Vchan channel) throws IOException {
    channel.shutdownOutput();
    return RETURNED;
  }

  private static String shutInput(Vchan channel) throws IOException {
    channel.shutdownInput();
    return RETURNED;
  }

  /** Whether the documentation says that a call may end so when the channel is closed meanwhile. */
  boolean allows(String end) {
    return switch (this) {
      case CONNECT -> end.equals("ClosedByInterruptException");
      case SHUT_INPUT, SHUT_OUTPUT -> end.equals(RETURNED) || closed(end);
      default -> closed(end);
    };
  }

  /** The second one of a call that had not begun yet. */
  private static boolean closed(String end) {
    return end.equals("AsynchronousCloseException") || end.equals("ClosedChannelException");
  }
}
