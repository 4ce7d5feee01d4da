// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Vchan;
import dev.vchan.testkit.Patterns;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Our end of a channel, moving the bytes of two patterns as the peer does: every byte that comes is
 * checked. One thread may write while another reads.
 */
final class JavaEnd {

  private static final int LARGEST_PIECE = 1 << 21;

  private Vchan channel;
  private final Patterns out;
  private final Patterns in;
  private final Pieces put;
  private final Pieces taken;
  private final ByteBuffer outgoing = ByteBuffer.allocateDirect(LARGEST_PIECE);
  private final ByteBuffer incoming = ByteBuffer.allocateDirect(LARGEST_PIECE);

  /**
   * Begins both streams.
   *
   * @param out seed of what is written, and of the sizes of its pieces
   * @param in seed of what is read
   * @param largestPut largest piece written
   * @param largestTaken largest piece read
   */
  JavaEnd(Vchan channel, long out, long in, int largestPut, int largestTaken) {
    this.channel = channel;
    this.out = new Patterns(out);
    this.in = new Patterns(in);
    this.put = new Pieces(out, largestPut);
    this.taken = new Pieces(in, largestTaken);
  }

  /** Goes on with both streams on another channel. */
  void goOnWith(Vchan next) {
    channel = next;
  }

  /** Goes on where some bytes of the outgoing stream have been written already. */
  void skip(int bytes) {
    out.next(bytes);
  }

  private ByteBuffer nextPiece(long most) {
    outgoing.clear().limit(put.next(most));
    out.fill(outgoing);
    return outgoing.flip();
  }

  private ByteBuffer nextRoom(long most) {
    return incoming.clear().limit(taken.next(most));
  }

  private int checked(int bytes) throws IOException {
    if (bytes < 0) {
      throw new EOFException("the stream ended after " + in.position() + " bytes");
    }
    in.check(incoming.flip());
    return bytes;
  }

  void write(long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      left -= channel.write(nextPiece(left), Hub.soon());
    }
  }

  void read(long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      left -= checked(channel.read(nextRoom(left), Hub.soon()));
    }
  }

  void send(long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      left -= channel.send(nextPiece(left), Hub.soon());
    }
  }

  void receive(long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      left -= checked(channel.receive(nextRoom(left), Hub.soon()));
    }
  }

  /** Writes with calls that do not wait, and waits between them. */
  void tryWrite(long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      ByteBuffer piece = nextPiece(left);
      left -= piece.remaining();
      while (piece.hasRemaining()) {
        if (channel.tryWrite(piece) == 0) {
          channel.awaitWritable(1, Hub.soon());
        }
      }
    }
  }

  /** Reads with calls that do not wait, and waits between them. */
  void tryRead(long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      int got = channel.tryRead(nextRoom(left));
      if (got == 0) {
        channel.awaitReadable(Hub.soon());
      } else {
        left -= checked(got);
      }
    }
  }

  /** Sends packets with calls that do not wait, and waits between them. */
  void trySend(long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      ByteBuffer packet = nextPiece(left);
      int size = packet.remaining();
      while (!channel.trySend(packet)) {
        channel.awaitWritable(size, Hub.soon());
      }
      left -= size;
    }
  }

  /** Receives packets with calls that do not wait, and looks again when more has come. */
  void tryReceive(long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      ByteBuffer room = nextRoom(left);
      int got = channel.tryReceive(room);
      // There is no call that waits for a number of bytes and leaves them there.
      left -= checked(got == 0 ? channel.receive(room, Hub.soon()) : got);
    }
  }
}
